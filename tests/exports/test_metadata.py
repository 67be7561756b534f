import dataclasses
import json

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import METADATA_FILE, ExportMetadata, read_metadata

FACTS = ExportMetadata(
    model="transformer",
    problem="translate_deen",
    vocab_size=34,
    vocab_fingerprint="ab" * 32,
    num_decoder_layers=2,
    num_heads=4,
    hidden_size=8,
    dtype="float32",
    step=7,
    length_bias=None,
    decode_hparams={"beam_size": 4, "alpha": 0.6},
    hparams={"hidden_size": 8, "sizes": [1, 2]},
    weights_fingerprint="cd" * 32,
)


@pytest.fixture
def export(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    FACTS.write(tmp_path)
    return tmp_path


def change(export, **values):
    path = export / METADATA_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_what_is_written_is_read(export):
    assert read_metadata(export) == FACTS
    student = dataclasses.replace(FACTS, length_bias=-2)
    student.write(export)
    assert read_metadata(str(export)) == student


def test_facts_that_a_later_version_adds_do_no_harm(export):
    change(export, colour="green")
    assert read_metadata(export) == FACTS


def test_no_saved_model(tmp_path):
    with pytest.raises(InputError) as caught:
        read_metadata(tmp_path / "nowhere")
    assert str(caught.value) == (
        f"No SavedModel in {tmp_path / 'nowhere'}; make one with t2t-exporter."
    )
    FACTS.write(tmp_path)
    with pytest.raises(InputError, match="No SavedModel in "):
        read_metadata(tmp_path)


def test_somebody_elses_saved_model(export):
    (export / METADATA_FILE).unlink()
    with pytest.raises(InputError, match=f"has no {METADATA_FILE}: it wasn't written by t2t-exp"):
        read_metadata(export)


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"null", b'{"step": 3}', b"\xff\xfe"])
def test_damaged(export, content):
    (export / METADATA_FILE).write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_metadata(export)
    message = str(caught.value)
    assert message.startswith(f"{export / METADATA_FILE} is damaged: ") and "\n" not in message


def test_a_format_of_another_version(export):
    change(export, format=2)
    with pytest.raises(InputError, match="has format 2; this version reads 1"):
        read_metadata(export)
