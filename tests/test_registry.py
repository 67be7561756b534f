import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError, UnknownNameError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.ranged_hparam import RangedHParams

KINDS = (
    "_models",
    "_hparams",
    "_ranged_hparams",
    "_problems",
    "_criteria",
    "_terms",
    "_strategies",
    "_runtimes",
)


@pytest.fixture(autouse=True)
def own_entries(monkeypatch):
    """Let a test register what it likes; the next one does not see it."""
    registry.load_plugins()
    for name in KINDS:
        catalogue = getattr(registry, name)
        monkeypatch.setattr(catalogue, "_entries", dict(catalogue._entries))
    monkeypatch.setattr(registry, "_derived_problems", dict(registry._derived_problems))


class FakeProblem:
    def __init__(self, was_reversed=False, was_copy=False):
        self.was = (was_reversed, was_copy)


def test_the_packages_own_names_are_there():
    assert {"transformer", "transformer_nat"} <= set(registry.list_models())
    assert {"transformer_base", "transformer_nat_base_v1"} <= set(registry.list_hparams())
    assert "transformer_base" in registry.list_ranged_hparams()
    assert "text2text_tmpdir" in registry.list_problems()
    for listed in (registry.list_hparams(), registry.list_problems()):
        assert listed == sorted(listed)


def test_a_registered_set_is_called_anew_and_must_be_hparams():
    @registry.register_hparams
    def my_set():
        return HParams(a=1)

    registry.hparams("my_set").a = 2
    assert registry.hparams("my_set").a == 1
    registry.register_hparams("no_set")(dict)
    with pytest.raises(InputError, match=r"^hparams set 'no_set' \(.*:\d+\) must return .* dict$"):
        registry.hparams("no_set")


def test_a_registered_range_is_filled():
    @registry.register_ranged_hparams
    def my_range(ranges):
        ranges.set_discrete("n", [1, 2])

    assert registry.ranged_hparams("my_range").ranges()["n"].choices == (1, 2)
    assert isinstance(registry.ranged_hparams("my_range"), RangedHParams)


def test_a_registered_model_is_returned_as_it_is():
    @registry.register_model
    class MyModel:
        """Mine."""

    assert registry.model("my_model") is MyModel
    registry.check_model("my_model")
    with pytest.raises(UnknownNameError, match="Did you mean 'my_model'"):
        registry.check_model("my_modle")


def test_a_model_says_how_it_is_decoded_and_what_it_minimises():
    assert registry.strategy_of("transformer") == "beam"
    assert registry.strategy_of("transformer_nat") == "one_pass"
    assert registry.criterion_of("transformer_nat") == "likelihood"
    registry.register_model("mine", strategy="refinement", criterion="ctc")(FakeProblem)
    assert (registry.strategy_of("mine"), registry.criterion_of("mine")) == ("refinement", "ctc")

    # As one that is registered for tensor2tensor.
    @registry.register_model
    class Silent: ...

    assert (registry.strategy_of("silent"), registry.criterion_of("silent")) == (
        "beam",
        "likelihood",
    )
    for look_up in (registry.strategy_of, registry.criterion_of):
        with pytest.raises(UnknownNameError, match="model 'silnt' .* Did you mean 'silent'"):
            look_up("silnt")


class Mine:
    """Mine."""


@pytest.mark.parametrize(
    ("register", "look_up", "there", "kind"),
    [
        (registry.register_criterion, registry.criterion, "likelihood", "criterion"),
        (registry.register_runtime, registry.runtime, "saved_model", "runtime"),
        (registry.register_strategy, registry.strategy, "refinement", "decoding strategy"),
    ],
)
def test_what_else_is_chosen_by_name(register, look_up, there, kind):
    register(Mine)
    found = look_up("mine")
    # A strategy is made of settings, the others of nothing.
    assert found is Mine if kind == "decoding strategy" else type(found) is Mine
    assert look_up(there)
    words = f"^{kind} '{there[:-1]}' is not registered. Did you mean '{there}'"
    with pytest.raises(UnknownNameError, match=words):
        look_up(there[:-1])
    with pytest.raises(InputError, match=f"^{kind} 'mine' is already registered at "):
        register("mine")(Mine)


def test_strategies_that_are_there():
    assert set(registry._strategies.names()) >= {"beam", "greedy", "one_pass", "refinement"}
    for name in ("beam", "greedy", "one_pass", "refinement"):
        assert isinstance(registry.strategy(name), type)


def test_terms_come_in_the_order_of_their_registration():
    # Packages register when they are first imported, by whomever.
    ours = list(registry.terms())
    assert set(ours) == {"nmla", "hint_hidden", "hint_align"}
    registry.register_term("zeal")(Mine)
    registry.register_term("anger")(Mine)
    assert list(registry.terms()) == [*ours, "zeal", "anger"]
    assert all(type(registry.terms()[name]) is Mine for name in ("zeal", "anger"))


@pytest.mark.parametrize(
    ("name", "was"),
    [
        ("fake_problem", (False, False)),
        ("fake_problem_rev", (True, False)),
        ("fake_problem_copy", (False, True)),
        ("fake_problem_rev_copy", (True, True)),
        ("fake_problem_copy_rev", (True, True)),
    ],
)
def test_suffixes_of_problems(name, was):
    registry.register_problem(FakeProblem)
    assert registry.problem(name).was == was


def test_a_problem_learns_its_name():
    named = registry.register_problem("other_name")(type("Made", (FakeProblem,), {}))
    assert named.registered_name == "other_name"


def test_a_suffix_comes_once_and_in_no_registered_name():
    registry.register_problem(FakeProblem)
    with pytest.raises(InputError, match="'fake_problem_rev_rev' ends in '_rev' twice"):
        registry.problem("fake_problem_rev_rev")
    for name in ("mine_rev", "mine_copy"):
        with pytest.raises(InputError, match=f"'{name}' .* must not end in '_rev' or '_copy'"):
            registry.register_problem(name)(FakeProblem)


def test_a_derived_problem_is_made_of_any_problem():
    registry.register_problem(FakeProblem)
    registry.register_derived_problem("_doubled")(lambda problem: [problem.was] * 2)
    assert registry.problem("fake_problem_doubled") == [(False, False)] * 2
    assert registry.problem("fake_problem_rev_doubled") == [(True, False)] * 2
    with pytest.raises(InputError, match="comes last .*: 'fake_problem_rev_doubled'$"):
        registry.problem("fake_problem_doubled_rev")
    with pytest.raises(InputError, match="suffix '_doubled' is already registered"):
        registry.register_derived_problem("_doubled")(list)


def test_unknown_names_list_what_there_is():
    registry.register_problem(FakeProblem)
    for look_up, name, near in (
        (registry.model, "transfomer", "transformer"),
        (registry.hparams, "transformer_bse", "transformer_base"),
        (registry.ranged_hparams, "transformer_bas", "transformer_base"),
        (registry.problem, "fake_problm_rev", "fake_problem"),
    ):
        with pytest.raises(UnknownNameError, match=f"Did you mean '{near}'.* Registered: ") as e:
            look_up(name)
        assert len(str(e.value).splitlines()) == 1


def test_help_groups_names_and_tells_origins():
    @registry.register_problem
    class ZebraCrossing(FakeProblem):
        """Crosses."""

    lines = registry.help_string().splitlines()
    titles = [line.strip() for line in lines if line.startswith("  ") and line[2] != " "]
    assert lines[0] == "Registry contents:"
    assert titles == [
        "Models:",
        "HParams:",
        "RangedHParams:",
        "Problems:",
        "Optimizers:",
        "Criteria:",
        "Loss terms:",
        "Decoding strategies:",
        "Runtimes:",
        "Scores:",
        "Recipes:",
    ]
    at = lines.index("    zebra:")
    assert lines[at + 1].startswith("      * zebra_crossing  (")
    assert "test_registry.py:" in lines[at + 1]
    assert lines[at + 2] == "          Crosses."
