import pytest

from t2t_hint_nart.errors import InputError, UnknownNameError, check_choice, nearest


def test_the_message_of_an_unknown_name_is_no_repr():
    error = UnknownNameError("model 'x' is not registered.")
    assert str(error) == "model 'x' is not registered."
    assert isinstance(error, (InputError, KeyError)) and isinstance(error, ValueError)
    assert str(UnknownNameError()) == ""


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("haeds", " Did you mean 'heads'?"),
        ("layer", " Did you mean 'player' or 'layers'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_nearest(name, hint):
    assert nearest(name, ["layers", "player", "heads"]) == hint


def test_a_choice_is_refused_with_what_is_allowed():
    check_choice("mode", "fast", ("fast", "slow"))
    message = r"^Unknown mode 'fats'; allowed are fast, slow\. Did you mean 'fast'\?$"
    with pytest.raises(InputError, match=message):
        check_choice("mode", "fats", iter(("fast", "slow")))
