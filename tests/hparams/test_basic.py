import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparams.basic import basic_params1


@pytest.mark.parametrize(
    "override", ["weight_noise=0.1", "norm_type=batch", "sampling_method=random", "moe_k=4"]
)
def test_what_is_not_implemented_is_refused_and_not_ignored(override):
    name, _, value = override.partition("=")
    with pytest.raises(InputError, match=f"'{name}' accepts only .* got '?{value}'?: other values"):
        basic_params1().parse(override)


def test_the_defaults_of_what_is_fixed_are_accepted():
    before = basic_params1()
    assert basic_params1().parse("weight_noise=0.0,norm_type=layer") == before
