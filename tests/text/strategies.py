"""Texts and ids that a subword encoder may stumble over."""

from hypothesis import strategies as st

# Spaces, line ends, what escapes are made of, letters newer than Unicode 14, marks, non-characters.
AWKWARD = (
    " \n\r\t\0\x1c\x85\xa0\u2028\ufeff_\\u;0129.-<>aAzßäé\u0301²½\u0663日\u200d\U0001f600"
    "\ufffd\uffff\u3013\ud7ff\ue000\U00011240\U0001d2c5\U00031350\U0001e040\U0010ffff"
)
CHARACTERS = st.one_of(
    st.sampled_from("  \\_a"), st.sampled_from(AWKWARD), st.characters(codec="utf-8")
)
TEXTS = st.text(CHARACTERS, max_size=40)
SYMBOLS = st.text(st.sampled_from("\\\\\\u_;01235689a b"), max_size=40)
SPACED = [
    "",
    " ",
    "a",
    " a",
    "a ",
    " a ",
    "a b",
    "a  b",
    ". .",
    " .",
    ". ",
    "a . b",
    "\n",
    "\na b\n",
]
BACKSLASHED = [
    "\\" * n + end for n in range(6) for end in ("", "u", "uu", "65;", "65", ";", "a", "_u")
]
