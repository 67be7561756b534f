"""Every number of every set has bounds, and they hold wherever a set is made or changed."""

import math

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import BOUNDS, restrict_numbers
from t2t_hint_nart.hparam_syntax import HParamType, Interval, checked_value

# Any integer may be added to a sentence's length; one is left whatever comes out.
UNBOUNDED = {"length_bias"}
STRATEGIES = ("beam", "one_pass", "refinement")


def numbers(hparams):
    """Numbers that aren't fixed, with what is allowed of them."""
    for name in hparams:
        param_type, allowed = hparams._types[name], hparams.allowed(name)
        if param_type.scalar in (int, float) and not isinstance(allowed, tuple):
            yield name, param_type.scalar, allowed


def settings():
    """Every registered set and every strategy's decode hparams."""
    yield from (
        (name, lambda name=name: registry.hparams(name)) for name in registry.list_hparams()
    )
    yield from ((name, lambda name=name: decode_hparams("", name)) for name in STRATEGIES)


CASES = [
    (where, name, value)
    for where, made in settings()
    for name, scalar, allowed in numbers(made())
    if allowed is not None
    for value in (
        *((allowed.low if allowed.is_low_open else allowed.low - 1,) * (allowed.low > -math.inf)),
        *(
            (allowed.high if allowed.is_high_open else allowed.high + 1,)
            * (allowed.high < math.inf)
        ),
        *((math.nan, math.inf, -math.inf) if scalar is float else ()),
    )
]
MADE = dict(settings())


def test_every_number_has_bounds():
    unbounded = {
        name
        for _, made in settings()
        for name, _, allowed in numbers(made())
        if not isinstance(allowed, Interval)
    }
    assert unbounded == UNBOUNDED


def test_every_bound_is_of_some_set():
    known = {name for set_name in registry.list_hparams() for name in registry.hparams(set_name)}
    assert set(BOUNDS) <= known


@pytest.mark.parametrize("where", MADE)
def test_numbers_out_of_bounds_are_refused(where):
    hparams = MADE[where]()
    before = hparams.values()
    cases = [(name, value) for case, name, value in CASES if case == where]
    assert len(cases) > 10
    for name, value in cases:
        given = [value] if hparams._types[name].is_list else value
        for change in (
            lambda name=name, given=given: hparams.parse(f"{name}={given}"),
            lambda name=name, given=given: setattr(hparams, name, given),
        ):
            with pytest.raises(InputError) as caught:
                change()
            allowed = hparams.allowed(name) if math.isfinite(value) else "finite"
            shown = hparams._types[name].scalar(value) if math.isfinite(value) else value
            assert str(caught.value) == f"{name} is {shown!r}; it must be {allowed}."
    assert hparams.values() == before


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ("num_heads=0", "num_heads is 0; it must be at least 1."),
        ("label_smoothing=1.0", "label_smoothing is 1.0; it must be at least 0 and below 1."),
        ("learning_rate=-1", "learning_rate is -1.0; it must be at least 0."),
        ("relu_dropout=1.5", "relu_dropout is 1.5; it must be at least 0 and below 1."),
        ("relu_dropout=nan", "relu_dropout is nan; it must be finite."),
        ("initializer_gain=0", "initializer_gain is 0.0; it must be above 0."),
        ("hint_gamma_st=1.5", "hint_gamma_st is 1.5; it must be at least -1 and at most 1."),
        ("regularize_hidden=-1", "regularize_hidden is -1.0; it must be at least 0."),
    ],
)
def test_messages(changes, told):
    with pytest.raises(InputError) as caught:
        registry.hparams("transformer_nat_small_hints").parse(changes)
    assert str(caught.value) == told


def test_no_dropout_and_the_smallest_sizes():
    smallest = "hidden_size=1,filter_size=1,num_heads=1,num_hidden_layers=1,learning_rate=0"
    rates = "attention_dropout=0,relu_dropout=0,layer_prepostprocess_dropout=0"
    registry.hparams("transformer_test").parse(f"{smallest},{rates}")


def test_a_users_own_set(monkeypatch):
    monkeypatch.setattr(registry._hparams, "_entries", dict(registry._hparams._entries))

    @registry.register_hparams
    def mine():
        return HParams(num_heads=2, embedding_dropout=2.0)

    with pytest.raises(
        InputError, match=r"^hparams set 'mine' \(.*\): embedding_dropout is 2.0; it must"
    ):
        registry.hparams("mine")


def test_another_models_set_is_checked_for_what_it_has():
    made = restrict_numbers(HParams(use_dropout=True, layer_dropout=[2.0, 3.0], other=-1))
    assert made.values() == {"use_dropout": True, "layer_dropout": [2.0, 3.0], "other": -1}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400])
def test_a_float_is_finite_everywhere(value):
    with pytest.raises(InputError, match="^x is (a number too large|.*; it must be finite)"):
        checked_value("x", HParamType(float, False, False), value)


def test_an_int_of_any_size():
    assert checked_value("x", HParamType(int, False, False, Interval(low=1)), 10**400) == 10**400


def test_every_element_of_a_list():
    hparams = HParams(sizes=[1, 2])
    hparams.restrict("sizes", Interval(low=1, high=9))
    with pytest.raises(InputError, match="sizes is 0; it must be at least 1 and at most 9"):
        hparams.parse("sizes[1]=0")
