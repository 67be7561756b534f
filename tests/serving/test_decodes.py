import errno
import os
import tempfile

import pytest

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving import decodes
from t2t_hint_nart.serving.decodes import (
    Hypothesis,
    decodes_name,
    sentence_line,
    shard_suffix,
    write_sentences,
)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ("", ""),
        ("shards=3,shard_id=2", "002"),
        ("shards=3,shard_id=2,shards_start_offset=10", "012"),
        ("shards=3,shard_id=0,shard_google_format=True", "-00000-of-00003"),
    ],
)
def test_the_suffix_of_a_part(overrides, expected):
    assert shard_suffix(decode_hparams(overrides)) == expected


def test_a_part_that_is_not():
    with pytest.raises(InputError, match="must be 0 to 2 with --decode_shards=3, not 3"):
        shard_suffix(decode_hparams("shards=3,shard_id=3"))
    with pytest.raises(InputError, match="shard_id is -1; it must be at least 0"):
        decode_hparams("shards=3,shard_id=-1")


def test_the_name_of_a_decodes_file():
    settings = decode_hparams("beam_size=1,alpha=1")
    name = decodes_name("in.de", "transformer", "transformer_base", "translate_deen", settings)
    assert name == "in.de.transformer.transformer_base.translate_deen.beam1.alpha1.0.decodes"


BEAMS = [Hypothesis("a\tb\nc;", -0.125, (5, 6)), Hypothesis("d", -2.0, (7,))]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ("", "a b c;"),
        ("delimiter=;", "a b c "),
        ("write_beam_scores=True", "a b c;\t-0.12"),
        ("return_beams=True", "a b c;\td"),
        ("return_beams=True,write_beam_scores=True", "a b c;\t-0.12\td\t-2.00"),
        ("identity_output=True,return_beams=True", "5 6\t7"),
    ],
)
def test_the_line_of_a_sentence(overrides, expected):
    assert sentence_line(BEAMS, decode_hparams(overrides)) == expected


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "out"
    write_sentences(path, ["a", "b"], ";")
    assert path.read_text() == "a;b;"

    def fails():
        yield "c"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_sentences(path, fails(), "\n")
    assert path.read_text() == "a;b;"
    assert list(path.parent.iterdir()) == [path]


def test_what_was_decoded_outlives_a_full_disk(tmp_path, monkeypatch):
    def full(path, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(decodes, "write_whole", full)
    with pytest.raises(InputError, match="out can't be written: No space left .*; it is kept in"):
        write_sentences(tmp_path / "out", ["a", "b"], "\n")
    (kept,) = (tmp_path / "tmp").iterdir()
    assert kept.read_text() == "a\nb\n"
    # Nor is there room for that.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="out can't be written: No space left on device.$"):
        write_sentences(tmp_path / "out", ["a", "b"], "\n")
