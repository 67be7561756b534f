"""The one job of every decode: what is read, translated, written and scored."""

from pathlib import Path

import pytest

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving import job
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.job import StepDecode, Translations, translate
from t2t_hint_nart.serving.sentences import Sentences, file_sentences, problem_sentences
from tests.data.lines_problem import PAIRS, LinesProblem


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("data")
    LinesProblem().generate_data(directory, directory)
    return directory


def test_a_split(data_dir):
    problem = LinesProblem()
    found = problem_sentences(problem, data_dir, "dev", decode_hparams())
    assert list(zip(found.inputs, found.references, strict=True)) == PAIRS["dev"]
    encoder = problem.get_feature_encoders(data_dir)["inputs"]
    assert found.sources == [[*encoder.encode(text), 1] for text in found.inputs]


def test_a_reversed_problem(data_dir):
    found = problem_sentences(LinesProblem(was_reversed=True), data_dir, "test", decode_hparams())
    assert list(zip(found.references, found.inputs, strict=True)) == PAIRS["test"]


def test_some_sentences_and_some_shards(data_dir):
    def inputs(overrides):
        settings = decode_hparams(overrides)
        return problem_sentences(LinesProblem(), data_dir, "train", settings).inputs

    everything = inputs("")
    assert inputs("num_samples=2") == everything[:2]
    parts = [inputs(f"shards=2,shard_id={k}") for k in (0, 1)]
    assert parts[0] + parts[1] == everything and all(parts)
    with pytest.raises(InputError, match="there is no shard 2"):
        inputs("shards=3,shard_id=2")
    with pytest.raises(InputError, match="There is nothing to decode"):
        inputs("num_samples=0")


def test_a_file_and_its_references(tmp_path, capsys):
    (tmp_path / "in").write_text("eins\nzwei\n", "utf-8")
    (tmp_path / "ref").write_text("one\ntwo\n", "utf-8")
    found = file_sentences(str(tmp_path / "in"))
    assert found == Sentences(["eins", "zwei"])
    both = Sentences(["eins", "zwei"], ["one", "two"])
    assert file_sentences(str(tmp_path / "in"), str(tmp_path / "ref")) == both
    assert found.with_references(str(tmp_path / "ref")) == both
    assert both.with_references("") is both
    (tmp_path / "in").write_text("eins;zwei;", "utf-8")
    assert capsys.readouterr().err == ""
    assert file_sentences(str(tmp_path / "in"), "", ";").inputs == ["eins", "zwei"]


@pytest.mark.parametrize(
    ("line", "told"),
    [("ei@@ ns", "of pieces"), ("<seg id='1'>eins</seg>", "SGML"), ("eins , zwei .", "tokenised")],
)
def test_references_that_are_not_plain(tmp_path, capsys, line, told):
    (tmp_path / "ref").write_text(f"{line}\n{line}\n", "utf-8")
    assert Sentences(["eins", "zwei"]).with_references(str(tmp_path / "ref")).references
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"warning: {tmp_path}/ref ") and told in warning


def test_other_numbers_of_references(tmp_path):
    (tmp_path / "ref").write_text("one\n", "utf-8")
    with pytest.raises(InputError) as caught:
        Sentences(["eins", "zwei"]).with_references(str(tmp_path / "ref"))
    assert str(caught.value) == f"{tmp_path / 'ref'} has 1 references for 2 sentences."


DECODED = [
    [Hypothesis("a b", -1.0, (3, 4)), Hypothesis("a", -2.0, (3,))],
    [Hypothesis("c", -1.0, (5,))],
]
SENTENCES = Sentences(["x", "y"], ["X", "Y"])


class Slow:
    """A translator whose sentences take some seconds each, by a clock of its own."""

    def __init__(self, monkeypatch, seconds):
        self.now, self.seconds, self.warm = 100.0, seconds, False
        monkeypatch.setattr(job.time, "monotonic", lambda: self.now)

    def encode(self, line):
        return [len(line), 1]

    def warm_up(self):
        self.now += 1000.0
        self.warm = True

    def kept(self, source):
        return source

    def translate_encoded(self, sources, progress=None, too_long=None):
        assert self.warm or progress is None
        self.sources = sources
        for done, _ in enumerate(sources, start=1):
            self.now += self.seconds
            if progress is not None:
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
    sentences = Sentences(["a"] * 4, sources=[[1]] * 4)
    found = translate(Slow(monkeypatch, 2.0), sentences, said.append, batch_size)
    assert found == Translations(sentences, DECODED, [])
    # Progress has a clock of its own, by which no time passes here.
    assert said == [expected]


def test_who_is_told_nothing_warms_nothing_up(monkeypatch):
    translator = Slow(monkeypatch, 2.0)
    translate(translator, SENTENCES)
    assert not translator.warm


def test_ids_that_the_data_have_are_not_encoded_anew(monkeypatch):
    translator = Slow(monkeypatch, 0.0)
    translate(translator, SENTENCES)
    assert translator.sources == [[1, 1], [1, 1]]
    translate(translator, SENTENCES._replace(sources=[[7, 1], [8, 1]]))
    assert translator.sources == [[7, 1], [8, 1]]
    monkeypatch.setattr(translator, "kept", lambda source: source[-1:])
    translate(translator, SENTENCES._replace(sources=[[7, 1], [8, 1]]))
    assert translator.sources == [[1], [1]]


def test_results_as_t2t_tells_them():
    found = Translations(SENTENCES, DECODED)
    assert found.log_lines(decode_hparams()) == [
        "Inference results INPUT: x",
        "Inference results OUTPUT: a b",
        "Inference results TARGET: X",
        "Inference results INPUT: y",
        "Inference results OUTPUT: c",
        "Inference results TARGET: Y",
    ]
    without = Translations(Sentences(["x", "y"]), DECODED)
    assert without.log_lines(decode_hparams("return_beams=True"))[:5] == [
        "Inference results INPUT: x",
        "BEAM 0:",
        "Inference results OUTPUT: a b",
        "BEAM 1:",
        "Inference results OUTPUT: a",
    ]


def test_bleu_of_the_best():
    text = "the dog barks loudly at night"
    hypotheses = [[Hypothesis(text.title(), 0.0), Hypothesis("", 0.0)]]
    found = Translations(Sentences(["x"], [text]), hypotheses)
    lines = found.score_lines()
    assert lines[0] == "BLEU_uncased = 100.00"
    assert lines[1].startswith("BLEU_cased = ") and not lines[1].endswith("100.00")
    assert lines[2].startswith("BLEU_13a = ") and "tok:13a" in lines[2]
    scores = found.scores()
    assert list(scores) == ["BLEU_cased", "BLEU_uncased", "BLEU_13a"]
    assert scores["BLEU_uncased"] == 100.0 > scores["BLEU_cased"]
    assert lines[1] == f"BLEU_cased = {scores['BLEU_cased']:6.2f}"
    without = Translations(Sentences(["x"]), hypotheses)
    assert without.scores() == {} and without.score_lines() == []


# Every character that ends a line for Python, an editor or `wc -l`, and the tab.
ENDS = "".join(chr(code) for code in range(0x3000) if len(f"a{chr(code)}b".splitlines()) == 2)
BROKEN = ENDS.join("abc") + "\t"


def broken_translations():
    hypotheses = [[Hypothesis(BROKEN, -1.0), Hypothesis(BROKEN, -2.0)]] * 2
    return Translations(Sentences([BROKEN] * 2, [BROKEN] * 2), hypotheses)


def file_lines(found, path, overrides):
    found.write(path, decode_hparams(overrides))
    return path.read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    "write",
    [
        lambda found, path: file_lines(found, path, ""),
        lambda found, path: file_lines(found, path, "return_beams=True,write_beam_scores=True"),
        lambda found, path: "".join(f"{line}\n" for line in found.best()),
        lambda found, path: Path(found.write_texts(str(path))[0]).read_bytes().decode("utf-8"),
        lambda found, path: Path(found.write_texts(str(path))[1]).read_bytes().decode("utf-8"),
    ],
)
def test_a_sentence_is_one_line_for_every_reader(tmp_path, write):
    text = write(broken_translations(), tmp_path / "out")
    assert len(text.splitlines()) == text.count("\n") == 2


def test_a_told_sentence_is_one_line_and_no_order():
    lines = broken_translations().log_lines(decode_hparams())
    assert [len(line.splitlines()) for line in lines] == [1] * 6
    (line, *_) = Translations(Sentences(["\x1b[2J"]), DECODED[:1]).log_lines(decode_hparams())
    assert line == "Inference results INPUT: \ufffd[2J"


def test_what_is_written(tmp_path):
    found = Translations(Sentences(["x\ty", "z"], ["X\nY", "Z"]), DECODED)
    path = tmp_path / "new" / "out"
    assert found.write(path, decode_hparams()) == str(path)
    assert path.read_text() == "a b\nc\n"
    found.write(path, decode_hparams("return_beams=True,write_beam_scores=True"))
    assert path.read_text() == "a b\t-1.00\ta\t-2.00\nc\t-1.00\n"
    found.write(path, decode_hparams("identity_output=True"))
    assert path.read_text() == "3 4\n5\n"
    assert found.best() == ["a b", "c"]
    prefix = str(tmp_path / "toy")
    assert found.write_texts(prefix) == [f"{prefix}.targets", f"{prefix}.inputs"]
    assert (tmp_path / "toy.targets").read_text() == "X Y\nZ\n"
    assert (tmp_path / "toy.inputs").read_text() == "x y\nz\n"
    # The delimiter stands between sentences alone.
    other = Translations(Sentences(["x; y", "z"], ["X", "Y;"]), DECODED)
    for name, text in zip(other.write_texts(prefix, ";"), ("X;Y ;", "x  y;z;"), strict=True):
        assert Path(name).read_text() == text
    alone = Translations(Sentences(["x", "y"]), DECODED)
    assert alone.write_texts(str(tmp_path / "alone")) == [str(tmp_path / "alone.inputs")]


# The same sentences at every step.

SOURCES = ["eins zwei drei vier fünf", "acht neun"]
REFERENCES = ["One two three four five", "eight nine"]


class Dictionary:
    """Translates with a dictionary that training changes."""

    def __init__(self, translations):
        self.translations = translations

    def encode(self, line):
        return line

    def translate_encoded(self, sources, too_long):
        return [[Hypothesis(self.translations[line], -1.0)] for line in sources]


def test_scores_follow_the_network(tmp_path):
    translator = Dictionary(dict(zip(SOURCES, REFERENCES, strict=True)))
    prefix = tmp_path / "new" / "toy"
    decode = StepDecode(translator, Sentences(SOURCES, REFERENCES), decode_hparams(), prefix)
    assert decode(10) == {"BLEU_cased": 100.0, "BLEU_uncased": 100.0, "BLEU_13a": 100.0}
    translator.translations[SOURCES[0]] = "one two\nthree four five"
    scores = decode(20)
    assert 0.0 < scores["BLEU_cased"] < scores["BLEU_uncased"] == 100.0
    files = {path.name: path.read_text().splitlines() for path in (tmp_path / "new").iterdir()}
    assert files == {
        "toy.inputs": SOURCES,
        "toy.targets": REFERENCES,
        "toy-10": REFERENCES,
        "toy-20": ["one two three four five", "eight nine"],
    }


def test_without_references_or_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    translator = Dictionary(dict(zip(SOURCES, REFERENCES, strict=True)))
    decode = StepDecode(translator, Sentences(SOURCES), decode_hparams())
    assert decode(1) == {}
    assert decode.path(1) is None
    assert list(tmp_path.iterdir()) == []


def test_a_step_is_written_by_the_settings(tmp_path, capsys):
    translator = Dictionary(dict(zip(SOURCES, REFERENCES, strict=True)))
    settings = decode_hparams("write_beam_scores=True,delimiter=;,log_results=True")
    prefix = tmp_path / "toy"
    StepDecode(translator, Sentences(SOURCES, REFERENCES), settings, prefix)(3)
    written = [(tmp_path / name).read_text() for name in ("toy-3", "toy.inputs", "toy.targets")]
    scored = [f"{line}\t-1.00" for line in REFERENCES]
    assert written == [";".join([*lines, ""]) for lines in (scored, SOURCES, REFERENCES)]
    assert f"Inference results OUTPUT: {REFERENCES[0]}\n" in capsys.readouterr().out


def test_other_numbers_of_lines():
    with pytest.raises(InputError, match="2 translations for 1 references"):
        StepDecode(Dictionary({}), Sentences(SOURCES, REFERENCES[:1]), decode_hparams())
    with pytest.raises(InputError, match="no sentences"):
        StepDecode(Dictionary({}), Sentences([]), decode_hparams())


def test_what_verifying_took_is_told():
    """Of the sentences that had a pass: one of no words has none."""
    found = [[Hypothesis("a b c", 0.0, (5, 6, 7), 2)], [Hypothesis("", 0.0)]]
    found += [[Hypothesis("a b", 0.0, (5, 6), 3), Hypothesis("b", 0.0, (6,), 9)]]
    told = Translations(Sentences(["x", "", "y"]), found)
    assert told.acceptance() == {"passes": 2.5, "tokens_per_pass": 1.4}
    line = "Verified in 2.50 passes of the teacher a sentence: 1.40 tokens a pass"
    assert told.acceptance_lines() == [line]
    plain = told._replace(hypotheses=found[1:2])
    assert plain.acceptance() == {} and plain.acceptance_lines() == []
