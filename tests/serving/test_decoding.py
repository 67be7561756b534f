import pytest

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving import decoding
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.decoding import bleu_lines, decode_timed, log_lines, read_dataset
from tests.data.lines_problem import PAIRS, LinesProblem


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("data")
    LinesProblem().generate_data(directory, directory)
    return directory


def test_a_split(data_dir):
    problem = LinesProblem()
    dataset = read_dataset(problem, data_dir, "dev", decode_hparams())
    assert list(zip(dataset.inputs, dataset.targets, strict=True)) == PAIRS["dev"]
    encoder = problem.get_feature_encoders(data_dir)["inputs"]
    assert dataset.sources == [[*encoder.encode(text), 1] for text in dataset.inputs]


def test_a_reversed_problem(data_dir):
    dataset = read_dataset(LinesProblem(was_reversed=True), data_dir, "test", decode_hparams())
    assert list(zip(dataset.targets, dataset.inputs, strict=True)) == PAIRS["test"]


def test_some_sentences_and_some_shards(data_dir):
    def inputs(overrides):
        return read_dataset(LinesProblem(), data_dir, "train", decode_hparams(overrides)).inputs

    everything = inputs("")
    assert inputs("num_samples=2") == everything[:2]
    parts = [inputs(f"shards=2,shard_id={k}") for k in (0, 1)]
    assert parts[0] + parts[1] == everything and all(parts)
    with pytest.raises(InputError, match="there is no shard 2"):
        inputs("shards=3,shard_id=2")
    with pytest.raises(InputError, match="There is nothing to decode"):
        inputs("num_samples=0")


DECODED = [[Hypothesis("a b", -1.0), Hypothesis("a", -2.0)], [Hypothesis("c", -1.0)]]


class Slow:
    """A translator whose sentences take some seconds each, by a clock of its own."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.seconds, self.warm = 100.0, seconds, False
        monkeypatch.setattr(decoding.time, "monotonic", lambda: self.now)

    def warm_up(self):
        self.now += 1000.0
        self.warm = True

    def translate_encoded(self, sources, progress):
        assert self.warm
        for done, _ in enumerate(sources, start=1):
            self.now += self.seconds
            progress(done, len(sources))
        return DECODED


@pytest.mark.parametrize(
    ("batch_size", "expected"),
    [
        (1, "Inference time 8.0000 seconds (Latency = 2000.0000 ms/sentences)"),
        (0, "Inference time 8.0000 seconds (Throughput = 0.5000 sentences/second)"),
    ],
)
def test_time_without_building_the_graph(monkeypatch, batch_size, expected):
    said = []
    settings = decode_hparams(f"batch_size={batch_size}")
    assert decode_timed(Slow(monkeypatch, 2.0), [[1]] * 4, settings, said.append) == DECODED
    assert said == [
        "3/4 sentences, 6 s, 2 s left",
        "4/4 sentences, 8 s, 0 s left",
        expected,
    ]


def test_results_as_t2t_tells_them():
    assert log_lines(["x", "y"], DECODED, decode_hparams(), ["X", "Y"]) == [
        "Inference results INPUT: x",
        "Inference results OUTPUT: a b",
        "Inference results TARGET: X",
        "Inference results INPUT: y",
        "Inference results OUTPUT: c",
        "Inference results TARGET: Y",
    ]
    assert log_lines(["x", "y"], DECODED, decode_hparams("return_beams=True"))[:5] == [
        "Inference results INPUT: x",
        "BEAM 0:",
        "Inference results OUTPUT: a b",
        "BEAM 1:",
        "Inference results OUTPUT: a",
    ]


def test_bleu_of_the_best():
    text = "the dog barks loudly at night"
    lines = bleu_lines([[Hypothesis(text.title(), 0.0), Hypothesis("", 0.0)]], [text])
    assert lines[0] == "BLEU_uncased = 100.00"
    assert lines[1].startswith("BLEU_cased = ") and not lines[1].endswith("100.00")
    assert lines[2].startswith("BLEU_13a = ") and "tok:13a" in lines[2]
