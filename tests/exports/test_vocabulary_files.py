import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.vocabulary_files import read_vocabularies, write_vocabularies
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder

SUBWORDS = SubwordTextEncoder.from_subtokens(
    ["<pad>_", "<EOS>_", "Hello_", "wor", "ld_", *"\\_u;0123456789"]
)
TOKENS = TokenTextEncoder(vocab_list=["<unk>", "good"], replace_oov="<unk>", reverse=True)


@pytest.mark.parametrize(
    "encoders",
    [
        {"inputs": SUBWORDS, "targets": SUBWORDS},
        {"inputs": SUBWORDS, "targets": TOKENS},
        {"inputs": TOKENS, "targets": ByteTextEncoder()},
    ],
)
def test_they_are_read_as_they_were(tmp_path, encoders):
    write_vocabularies(tmp_path, encoders)
    found = read_vocabularies(tmp_path)
    for side, encoder in encoders.items():
        assert found[side].fingerprint() == encoder.fingerprint()
        assert found[side].encode("good Hello") == encoder.encode("good Hello")
    shared = encoders["inputs"] is encoders["targets"]
    assert len(list(tmp_path.glob("vocab.*"))) == (
        1 if shared else len([e for e in encoders.values() if not isinstance(e, ByteTextEncoder)])
    )


def test_a_vocabulary_of_another_kind_is_refused(tmp_path):
    class Other(TokenTextEncoder):
        pass

    with pytest.raises(InputError, match="not a Other"):
        write_vocabularies(tmp_path, {"inputs": Other(vocab_list=["a"])})


def test_damage_is_told(tmp_path):
    with pytest.raises(InputError, match="has no vocabularies.json"):
        read_vocabularies(tmp_path)
    (tmp_path / "vocabularies.json").write_text('{"inputs": {"kind": "morse"}}')
    with pytest.raises(InputError, match="unknown kind 'morse'; allowed are subword"):
        read_vocabularies(tmp_path)
