import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from t2t_hint_nart.text import graph_escape
from t2t_hint_nart.text.escape import ESCAPE_CHARACTERS, escape_token, unescape_token
from tests.text.strategies import BACKSLASHED, SYMBOLS, TEXTS
from tests.text.test_graph_tokenizer import code_points, strings

ALPHABET = frozenset(ESCAPE_CHARACTERS + "ab \0é日")
NUMBERS = [0, 9, 10, 65, 92, 95, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0x10FFFF, 0x110000, 10**7, 10**30]


@settings(max_examples=15)
@given(st.lists(TEXTS.filter(len), max_size=20))
@example([chr(10**k - d) for k in range(1, 7) for d in (0, 1)] + ["\U0010ffff", "\0", "\x01"])
def test_escapes_as_python(tokens):
    plain = tf.constant([c in ALPHABET for token in tokens for c in token], tf.bool)
    escaped = graph_escape.escape(code_points(tokens), plain)
    assert strings(escaped) == [escape_token(token, ALPHABET) for token in tokens]


@settings(max_examples=15)
@given(st.lists(SYMBOLS, max_size=20))
@example([])
@example(BACKSLASHED)
@example([f"\\{zeros}{n}{end}" for n in NUMBERS for zeros in ("", "0" * 9) for end in (";", "")])
def test_unescapes_as_python(texts):
    # An underscore ends each, as the caller sees to.
    symbols = code_points([text + "_" for text in texts]).values
    characters, used = graph_escape.unescape(symbols)
    read = [
        "\n" if symbol == ord("_") else chr(character)
        for symbol, character, used_ in zip(
            symbols.numpy(), characters.numpy(), used.numpy(), strict=True
        )
        if used_
    ]
    expected = [unescape_token(part) for text in texts for part in text.split("_")]
    assert "".join(read) == "".join(f"{part}\n" for part in expected)
