import dataclasses
import json

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import METADATA_FILE, newest_version, read_metadata
from tests.exports.table_exports import (
    FINGERPRINT,
    FORMAT_1,
    FORMAT_1_STUDENT,
    HEADS,
    LAYERS,
    METADATA,
    VOCAB,
    WIDTH,
    write_json,
)


@pytest.fixture
def export(tmp_path):
    METADATA.write(tmp_path)
    return tmp_path


def change(export, **values):
    write_json(export, {**json.loads((export / METADATA_FILE).read_text()), **values})


def test_what_is_written_is_read(export):
    assert read_metadata(export) == METADATA
    student = dataclasses.replace(
        METADATA, strategy="one_pass", decode_hparams={"length_bias": -2}, probes={}, runtime="mine"
    )
    student.write(export)
    assert read_metadata(str(export)) == student


def test_facts_that_a_later_version_adds_do_no_harm(export):
    change(export, colour="green")
    assert read_metadata(export) == METADATA


def test_no_export(tmp_path):
    with pytest.raises(InputError) as caught:
        read_metadata(tmp_path / "nowhere")
    assert str(caught.value) == f"No export in {tmp_path / 'nowhere'}; make one with t2t-exporter."
    (tmp_path / "file").write_text("")
    for nothing in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match="^No export in "):
            read_metadata(nothing)


def test_somebody_elses_saved_model(export):
    (export / METADATA_FILE).unlink()
    (export / "saved_model.pb").write_bytes(b"")
    with pytest.raises(InputError, match=f"has no {METADATA_FILE}: it wasn't written by t2t-exp"):
        read_metadata(export)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[1, 2]",
        b"null",
        b'{"step": 3}',
        b'{"format": 2}',
        b'{"format": 1}',
        b"\xff\xfe",
        b'{"format": 2, "hparams": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
)
def test_damaged(export, content):
    (export / METADATA_FILE).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_metadata(export)
    message = str(caught.value)
    assert message.startswith(f"{export / METADATA_FILE} is damaged: ") and "\n" not in message


FORMAT_2 = dataclasses.asdict(METADATA)
LATER = {"runtime", "languages", "digests", "max_input_size", "rescored_by"}


@pytest.mark.parametrize("missing", sorted(FORMAT_2.keys() - LATER - {"format"}))
def test_a_fact_that_is_missing(export, missing):
    write_json(export, {name: value for name, value in FORMAT_2.items() if name != missing})
    with pytest.raises(InputError, match=f"is damaged: .*{missing}.* Export the model again.$"):
        read_metadata(export)


def test_facts_that_came_later_may_be_missing(export):
    write_json(export, {name: value for name, value in FORMAT_2.items() if name not in LATER})
    assert read_metadata(export) == METADATA


def of_another_type(value):
    """The same as text, or in a list."""
    return [value] if isinstance(value, str) else str(value)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        *((FORMAT_2, name) for name in FORMAT_2),
        *((FORMAT_1, name) for name in FORMAT_1),
    ],
)
def test_a_fact_of_another_type(tmp_path, told, name):
    write_json(tmp_path, {**told, name: of_another_type(told[name])})
    with pytest.raises(InputError) as caught:
        read_metadata(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / METADATA_FILE} is damaged: Expected ")
    assert name in message and "\n" not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vocabularies", {"inputs": {"size": 6}}),
        ("vocabularies", {"inputs": {"size": "6", "fingerprint": "ab"}}),
        ("probes", {"hidden": {"layers": "2"}}),
        ("decode_hparams", {"beam_size": {"of": 4}}),
        ("capabilities", [1]),
    ],
)
def test_within_a_fact(export, name, value):
    change(export, **{name: value})
    with pytest.raises(InputError, match=f"is damaged: .* at `\\$.{name}"):
        read_metadata(export)


@pytest.mark.parametrize("missing", [name for name in FORMAT_1 if name != "format"])
def test_a_fact_of_format_1_that_is_missing(tmp_path, missing):
    write_json(tmp_path, {name: value for name, value in FORMAT_1.items() if name != missing})
    with pytest.raises(InputError, match=f"is damaged: .*{missing}"):
        read_metadata(tmp_path)


def test_a_format_of_another_version(export):
    change(export, format=3)
    with pytest.raises(InputError, match="has format 3; this version reads 1 and 2"):
        read_metadata(export)


def test_a_teacher_of_format_1(tmp_path):
    write_json(tmp_path, FORMAT_1)
    found = read_metadata(tmp_path)
    assert (found.model, found.problem, found.step) == ("transformer", "reverse", 1234)
    assert (found.dtype, found.weights_fingerprint) == ("float32", "0" * 64)
    assert found.capabilities == ("translates", "scores", "gives_hints")
    assert found.probes == {
        "hidden": {"layers": LAYERS, "size": WIDTH},
        "hidden_normed": {"layers": LAYERS, "size": WIDTH},
        "attention": {"layers": LAYERS, "heads": HEADS},
    }
    assert (found.strategy, found.runtime) == ("beam", "saved_model")
    assert found.decode_hparams == FORMAT_1["decode_hparams"]
    # Nothing is known of its source's vocabulary.
    assert found.vocabularies == {"targets": {"size": VOCAB, "fingerprint": FINGERPRINT}}
    assert found.hparams == {"hidden_size": WIDTH}


def test_a_student_of_format_1(tmp_path):
    write_json(tmp_path, FORMAT_1_STUDENT)
    found = read_metadata(tmp_path)
    assert (found.model, found.strategy) == ("transformer_nat", "one_pass")
    assert found.capabilities == ("translates", "gives_hints")
    assert found.decode_hparams["length_bias"] == 2
    # Early ones had the bias beside the decode hparams alone.
    write_json(tmp_path, {**FORMAT_1_STUDENT, "decode_hparams": {"beam_size": 4}})
    assert read_metadata(tmp_path).decode_hparams == {"beam_size": 4, "length_bias": 2}


def versions(directory, *names):
    for name in names:
        (directory / name).mkdir()
        dataclasses.replace(METADATA, problem=f"problem_{name}").write(directory / name)


def test_the_newest_version_is_the_highest_number(tmp_path):
    versions(tmp_path, "1", "9", "10", "2")
    assert newest_version(tmp_path) == tmp_path / "10"
    assert newest_version(str(tmp_path)) == tmp_path / "10"
    assert read_metadata(tmp_path).problem == "problem_10"
    # One of them may be asked for.
    assert newest_version(tmp_path / "2") == tmp_path / "2"
    assert read_metadata(tmp_path / "2").problem == "problem_2"


def test_what_is_incomplete_or_no_version_is_ignored(tmp_path):
    versions(tmp_path, "1", "2.incomplete", "3-old", "variables")
    (tmp_path / "4").write_text("a file")
    assert newest_version(tmp_path) == tmp_path / "1"


def test_an_export_without_versions_is_its_own(export):
    versions(export, "7")
    assert newest_version(export) == export
    assert read_metadata(export) == METADATA


def test_where_there_is_none_the_directory_itself_is_named(tmp_path):
    assert newest_version(tmp_path) == tmp_path
    assert newest_version(tmp_path / "nowhere") == tmp_path / "nowhere"
