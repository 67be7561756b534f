import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam_syntax import HParamType, checked_value, parse_values

TYPES = {
    "flag": HParamType(bool, False, False),
    "count": HParamType(int, False, False),
    "rate": HParamType(float, False, False),
    "word": HParamType(str, False, False),
    "counts": HParamType(int, True, False),
    "words": HParamType(str, True, False),
}
finite = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(codec="utf-8", exclude_characters=",[]", exclude_categories=["Z"]))
elements = words.filter(lambda word: word and not any(c.isspace() for c in word))


@given(
    st.fixed_dictionaries(
        {
            "flag": st.booleans(),
            "count": st.integers(),
            "rate": finite,
            "word": words,
            "counts": st.lists(st.integers()),
            "words": st.lists(elements),
        }
    )
)
def test_what_is_written_out_is_read_back(values):
    def written(value):
        return f"[{','.join(map(str, value))}]" if isinstance(value, list) else str(value)

    text = ",".join(f"{name}={written(value)}" for name, value in values.items())
    assert parse_values(text, TYPES) == values


@given(st.text(alphabet="ab=[],0 1.", max_size=12))
def test_any_text_is_read_or_refused_in_one_line(text):
    types = {"a": HParamType(int, True, False), "b": HParamType(str, False, True)}
    try:
        parsed = parse_values(text, types)
    except InputError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert set(parsed) <= set(types)


def test_elements_of_a_list_are_returned_by_index():
    assert parse_values("counts[1]=5,counts[ 0 ]=4", TYPES) == {"counts": {1: 5, 0: 4}}


def test_none_is_read_for_an_optional_value_alone():
    optional = {"count": HParamType(int, False, True)}
    for word in ("None", "none", "null", ""):
        assert parse_values(f"count={word}", optional) == {"count": None}
        with pytest.raises(InputError):
            parse_values(f"count={word}", TYPES)


def test_a_tuple_is_a_list():
    assert checked_value("counts", TYPES["counts"], (1, 2)) == [1, 2]
    with pytest.raises(InputError, match="Must not pass a list for single-valued parameter: count"):
        checked_value("count", TYPES["count"], (1, 2))


def test_the_name_of_a_type_tells_a_list():
    assert str(TYPES["counts"]) == "list<<class 'int'>>"
    assert str(TYPES["rate"]) == "<class 'float'>"
