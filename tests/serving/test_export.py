"""What is exported, where it goes and what it says of itself; signatures: exports, tests/e2e."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import METADATA_FILE, read_metadata
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.serving.export import (
    capabilities_of,
    export,
    next_version,
    weights_fingerprint,
)
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder
from tests.models.tiny_networks import HEADS, VOCAB, WIDTH, tiny_hparams, tiny_network

NUMBERS = ["<unk>", *(str(number) for number in range(VOCAB - 3))]
STUDENT = ("transformer_nat", "transformer_nat_base_v2")
TEACHER = ("transformer", "transformer_base_v2")


def words():
    return TokenTextEncoder(vocab_list=NUMBERS, replace_oov="<unk>")


def trained(encoder, name=STUDENT, **changes):
    model_name, set_name = name
    model = tiny_network(model_name, set_name, dtype="float32", num_decoder_layers=1)
    encoders = dict.fromkeys(("inputs", "targets"), encoder)
    hparams = tiny_hparams(set_name, **changes)
    return TrainedModel(model, model_name, SimpleNamespace(name="text"), encoders, hparams, 7)


def settings(overrides="", strategy="one_pass"):
    return decode_hparams(overrides, strategy)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    source = trained(words(), length_bias=3)
    directory = tmp_path_factory.mktemp("export") / "student"
    return source, directory, export(source, settings("beam_size=1"), directory)


def test_words(written):
    source, _, version = written
    encoder = source.encoders["inputs"]
    assert encoder.vocab_size == VOCAB
    opened = open_export(version)
    lines = ["1 2 3", "7 unheard 0"]
    ids = [[*encoder.encode(line), 1] for line in ("1 2 3", "7 <unk> 0")]
    decoded = opened.call("decode", inputs=tf.constant(ids, tf.int32))["outputs"].numpy()
    expected = [encoder.decode(row, strip_extraneous=True) for row in decoded]
    assert opened.translate(lines) == expected
    assert any(expected)


def test_only_signatures_of_what_it_can_do(written):
    there = {"serving_default", "serving_example", "decode", "hints", "candidates"}
    assert set(tf.saved_model.load(written[2]).signatures) == there


def test_what_it_says_of_itself(written):
    source, directory, version = written
    assert version == str(directory / "1")
    found = read_metadata(directory)
    assert (found.model, found.problem, found.step) == ("transformer_nat", "text", 7)
    assert found.capabilities == ("translates", "gives_hints")
    states = {"layers": 1, "size": WIDTH}
    attention = {"layers": 1, "heads": HEADS}
    assert found.probes == {"hidden": states, "hidden_normed": states, "attention": attention}
    # What has an effect, and the bias that training measured.
    assert found.strategy == "one_pass"
    expected = {"use_inputs_length": False, "dedup": False, "length_bias": 3}
    assert found.decode_hparams == expected
    assert found.max_input_size == 1024
    encoder = source.encoders["targets"]
    vocabulary = {"size": VOCAB, "fingerprint": encoder.fingerprint()}
    assert found.vocabularies == {"inputs": vocabulary, "targets": vocabulary}
    assert found.hparams == json.loads(json.dumps(source.hparams.values()))
    assert (found.dtype, found.runtime, found.format) == ("float32", "saved_model", 2)
    assert found.weights_fingerprint == weights_fingerprint(source.model)
    there = {path.relative_to(version).as_posix() for path in Path(version).rglob("*.*")}
    kept = {"t2t_hint_nart.json", "variables/variables.data-00000-of-00001"}
    assert found.digests.keys() == there - kept


class Files:
    """A runtime that writes nothing but a note."""

    def offers(self, strategy, capabilities):
        return tuple(capabilities)

    def write(self, network, strategy, encoders, capabilities, directory):
        note = f"{type(strategy).__name__} {', '.join(capabilities)} {sorted(encoders)}"
        (directory / "note").write_text(note)


class Breaking(Files):
    def write(self, network, strategy, encoders, capabilities, directory):
        (directory / "half").write_text("")
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")


@pytest.fixture
def runtimes(monkeypatch):
    registry.load_plugins()
    monkeypatch.setattr(registry._runtimes, "_entries", dict(registry._runtimes._entries))
    registry.register_runtime(Files)
    registry.register_runtime(Breaking)


def test_another_runtime_and_the_next_version(runtimes, tmp_path):
    source = trained(words(), TEACHER)
    beam = settings("beam_size=2,max_input_size=50", "beam")
    for number in ("1", "2"):
        version = export(source, beam, tmp_path, "files")
        assert version == str(tmp_path / number)
        note = (tmp_path / number / "note").read_text()
        assert note == "Beam translates, scores, gives_hints ['inputs', 'targets']"
    found = read_metadata(tmp_path)
    assert (found.runtime, found.strategy) == ("files", "beam")
    assert found.decode_hparams == {
        "beam_size": 2,
        "alpha": 0.6,
        "extra_length": 50,
        "stopping": "1.2.9",
    }
    assert found.max_input_size == 50


@pytest.mark.parametrize(
    ("name", "overrides"),
    [(STUDENT, "length_halfwidth=4"), (STUDENT, "beam_size=5"), (TEACHER, "return_beams=True")],
)
def test_what_has_no_effect_is_refused_before_anything_is_written(
    runtimes, tmp_path, name, overrides
):
    strategy = registry.strategy_of(name[0])
    with pytest.raises(InputError, match="has no effect on an export: it "):
        export(trained(words(), name), settings(overrides, strategy), tmp_path / "export", "files")
    assert not (tmp_path / "export").exists()


def test_an_export_is_complete_or_not_there(runtimes, tmp_path):
    source, beam = trained(words(), TEACHER), settings("", "beam")
    with pytest.raises(InputError, match=r"1\.incomplete.* No space left on device"):
        export(source, beam, tmp_path, "breaking")
    assert not list(tmp_path.iterdir())
    # What a kill left of it is no obstacle.
    (tmp_path / "1.incomplete").mkdir()
    (tmp_path / "1.incomplete" / "half").write_text("")
    assert export(source, beam, tmp_path, "files") == str(tmp_path / "1")
    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == ["note", METADATA_FILE]
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_bytes_are_refused(tmp_path):
    with pytest.raises(InputError, match="subwords or words .* not a ByteTextEncoder"):
        export(trained(ByteTextEncoder()), settings("length_bias=0"), tmp_path / "export")
    assert not list((tmp_path / "export").iterdir())


def test_an_unknown_length_bias_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=r"length_bias \(C\) isn't known"):
        export(trained(words(), length_bias=None), settings(), tmp_path / "export")
    assert not list(tmp_path.iterdir())


def test_versions_are_counted_from_the_highest_number(tmp_path):
    assert next_version(tmp_path / "new") == tmp_path / "new" / "1"
    for name in ("1", "9", "10", "11.incomplete", "12-old"):
        (tmp_path / name).mkdir()
    (tmp_path / "13").write_text("a file")
    assert next_version(str(tmp_path)) == tmp_path / "11"


def test_an_export_without_versions_gets_none(tmp_path):
    (tmp_path / METADATA_FILE).write_text("{}")
    with pytest.raises(InputError) as caught:
        next_version(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} holds an export without versions; give another --export_dir."
    )
    with pytest.raises(InputError, match=f"{METADATA_FILE} isn't a directory; give another"):
        next_version(tmp_path / METADATA_FILE)


class Step:
    """A stepwise model that can't look at a whole sentence at once."""

    vocab_size = VOCAB

    def encode(self, inputs): ...

    def start(self, source, room): ...

    def step(self, ids, position, memory, state): ...


class WholeSentences(Step):
    def decode(self, source, canvas): ...


class Probed:
    def __init__(self, *probes):
        self.probes = probes

    def probe_sizes(self):
        return {name: {"layers": 1} for name in self.probes}


@pytest.mark.parametrize(
    ("network", "can"),
    [
        (Step(), ()),
        (WholeSentences(), ("scores",)),
        (Probed("hidden"), ("gives_hints",)),
        # Of a probe that no term compares nobody has anything.
        (Probed("fertilities"), ()),
        (object(), ()),
    ],
)
def test_what_a_model_can_do_for_others(network, can):
    assert capabilities_of(network) == ("translates", *can)


def test_the_fingerprint_is_of_names_and_values():
    first, second = (tiny_network(*TEACHER, seed=seed, dtype="float32") for seed in (1, 2))
    assert len(weights_fingerprint(first)) == 64
    assert weights_fingerprint(first) != weights_fingerprint(second)
    assert weights_fingerprint(first) == weights_fingerprint(
        tiny_network(*TEACHER, seed=1, dtype="float32")
    )
