import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.token import TokenTextEncoder

WORDS = ["good", "morning", "<unk>"]


def test_ids_follow_the_reserved_ones():
    encoder = TokenTextEncoder(vocab_list=["<EOS>", *WORDS])
    assert encoder.vocab_size == 5
    assert encoder.encode("  good\tmorning ") == [2, 3]
    assert encoder.least_tokens("  good\tmorning ") == 2
    assert encoder.decode([2, 3, 1, 0]) == "good morning <EOS> <pad>"
    assert encoder.decode([2, 0, 3, 1, 4], strip_extraneous=True) == "good morning"
    assert encoder.decode_list([9, -1]) == ["ID_9", "ID_-1"]


def test_reverse():
    encoder = TokenTextEncoder(vocab_list=WORDS, reverse=True)
    assert encoder.encode("good morning") == [3, 2]
    assert encoder.decode([3, 2]) == "good morning"


def test_unknown_tokens():
    assert TokenTextEncoder(vocab_list=WORDS, replace_oov="<unk>").encode("bad morning") == [4, 3]
    message = "token 'mornin' is not in the vocabulary .*Did you mean 'morning'"
    with pytest.raises(InputError, match=message):
        TokenTextEncoder(vocab_list=WORDS).encode("mornin")


def test_file_holds_the_reserved_tokens(tmp_path):
    path = tmp_path / "vocab"
    encoder = TokenTextEncoder(vocab_list=WORDS)
    encoder.store(path)
    assert path.read_text() == "<pad>\n<EOS>\ngood\nmorning\n<unk>\n"
    assert TokenTextEncoder(path).encode("<unk> good") == encoder.encode("<unk> good") == [4, 2]


def test_bad_vocabularies(tmp_path):
    with pytest.raises(InputError, match="either a path or a vocab_list"):
        TokenTextEncoder()
    with pytest.raises(InputError, match="either a path or a vocab_list"):
        TokenTextEncoder(tmp_path, vocab_list=WORDS)
    with pytest.raises(InputError, match="holds the token 'good' twice"):
        TokenTextEncoder(vocab_list=["good", "good"])
    with pytest.raises(InputError, match="replace_oov '<unknown>' is not in the vocabulary"):
        TokenTextEncoder(vocab_list=WORDS, replace_oov="<unknown>")
    with pytest.raises(InputError, match="cannot read"):
        TokenTextEncoder(tmp_path / "missing")


@pytest.mark.parametrize("first", [["the", "dog"], ["<EOS>", "<pad>"], ["<pad>"]])
def test_a_file_without_the_reserved_tokens(tmp_path, first):
    path = tmp_path / "vocab"
    path.write_text("".join(f"{token}\n" for token in first))
    with pytest.raises(InputError) as told:
        TokenTextEncoder(path)
    assert str(told.value) == (
        f"{path} is not a tensor2tensor word vocabulary: it begins with {first}, "
        "allowed: ['<pad>', '<EOS>']"
    )
