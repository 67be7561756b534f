import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.token_counts import corpus_token_counts, listed_token_counts


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "b.de").write_text("  der Hund .\nder\n", encoding="utf-8")
    (tmp_path / "a.de").write_text("der Käse\n", encoding="utf-8")
    (tmp_path / "a.en").write_text("the cheese\n", encoding="utf-8")
    return tmp_path


def test_lines_of_all_files_in_their_order(corpus):
    pattern = f"{corpus}/*.de"
    assert corpus_token_counts(pattern) == {"der": 3, "Käse": 1, "Hund": 1, " .": 1}
    assert corpus_token_counts(pattern, 2) == {"der": 2, "Käse": 1, "Hund": 1, " .": 1}
    assert corpus_token_counts(pattern, 1) == {"der": 1, "Käse": 1}


def test_files_as_one_text_keep_what_is_between_lines(corpus):
    whole = corpus_token_counts(f"{corpus}/*.de", split_on_newlines=False)
    assert whole == {"der": 3, "Käse": 1, "\n": 2, "  ": 1, "Hund": 1, " .\n": 1}
    assert corpus_token_counts(f"{corpus}/b.de", 1, False)["der"] == 1


def test_a_byte_order_mark_is_no_text(tmp_path):
    for name in ("a.de", "b.de"):
        (tmp_path / name).write_bytes("\ufeffder\n\ufeffHund\n".encode())
    expected = {"der": 2, "\ufeff": 2, "Hund": 2}
    assert corpus_token_counts(f"{tmp_path}/*.de") == expected
    (tmp_path / "counts").write_bytes("\ufeffder,3\n".encode())
    assert listed_token_counts(f"{tmp_path}/counts") == {"der": 3}


def test_counted_tokens(tmp_path):
    (tmp_path / "counts").write_text("der,3\n,,2\nKäse,1\n", encoding="utf-8")
    assert listed_token_counts(f"{tmp_path}/counts") == {"der": 3, ",": 2, "Käse": 1}
    assert listed_token_counts(f"{tmp_path}/counts", 1) == {"der": 3}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"der,3\nder 3\n", r"counts' must have the form token,count, not 'der 3': line 2$"),
        (b"der,drei\n", r"counts' must have the form .*: line 1$"),
        (b"", "there is no token"),
        (b"der,3\n\xff,1\n", r"counts' is not UTF-8 text at line 2$"),
    ],
)
def test_bad_lists(tmp_path, content, message):
    (tmp_path / "counts").write_bytes(content)
    with pytest.raises(InputError, match=message):
        listed_token_counts(f"{tmp_path}/counts")


def test_no_text(tmp_path):
    with pytest.raises(InputError, match=r"^There is no file .*/\*\.de\.$"):
        corpus_token_counts(f"{tmp_path}/*.de")
    (tmp_path / "x.de").write_text("\n\n", encoding="utf-8")
    with pytest.raises(InputError, match="there is no text to make a vocabulary of"):
        corpus_token_counts(f"{tmp_path}/*.de")
