import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparams.transformer_nat import FORK_ALIASES, transformer_nat_small

SIZES = ("small", "deep_small", "base_v1", "base_v2", "quickstart", "multi30k", "tatoeba")
# What students that start from the teacher's weights do otherwise.
BRIEF = {
    "quickstart": {"learning_rate", "learning_rate_warmup_steps"},
    "multi30k": {"batch_size", "learning_rate", "learning_rate_warmup_steps"},
    "tatoeba": {"batch_size", "learning_rate", "learning_rate_warmup_steps"},
}
# Of the authors' code, add_nat_hparmas.
FORK_NAMES = """positional_attention attention_without_self encdec_attention decoder_input_type
    attention_coverage attention_coverage_alpha regularize_hidden regularize_hidden_normalized
    regularize_hidden_pos regularize_hidden_hinge_param regularize_hidden_hinge_param_teacher
    regularize_hidden_loss teacher_model distill_encdec distill_encdec_type
    distill_encdec_loss_type""".split()


def test_all_sixteen_names_of_the_authors_are_accepted():
    assert len(FORK_NAMES) == 16
    hparams = transformer_nat_small()
    assert [name for name in FORK_NAMES if name not in hparams] == []


@pytest.mark.parametrize("size", SIZES)
def test_a_student_is_its_teacher_and_the_hints(size):
    teacher, student, hinted = (
        registry.hparams(name).values()
        for name in (
            f"transformer_{size}",
            f"transformer_nat_{size}",
            f"transformer_nat_{size}_hints",
        )
    )
    different = {name for name, value in teacher.items() if student[name] != value}
    assert different == BRIEF.get(size, set())
    assert student["hint_hidden_weight"] == student["hint_align_weight"] == 0.0
    changed = {name: value for name, value in hinted.items() if student[name] != value}
    assert changed == {"hint_hidden_weight": 5.0, "hint_align_weight": 1.0}
    assert (hinted["hint_gamma_st"], hinted["hint_gamma_tr"]) == (0.1, 0.9)


def test_the_paper_sets_say_that_their_values_are_unverified():
    entries = registry.help_string().splitlines()
    docs = [entries[i + 1] for i in range(len(entries)) if "_hints  (" in entries[i]]
    assert len(docs) == len(SIZES)
    assert all("recalled values of the paper's appendix, unverified" in doc for doc in docs)


def test_the_authors_names_write_the_names_that_are_read():
    hparams = transformer_nat_small().parse(
        "regularize_hidden=5,regularize_hidden_pos=neighbor,regularize_hidden_loss=exp,"
        "regularize_hidden_hinge_param=0.2,regularize_hidden_hinge_param_teacher=0.8,"
        "distill_encdec=2,distill_encdec_type=average_layer_head,"
        "distill_encdec_loss_type=reverse_kl"
    )
    changed = {
        name: value
        for name, value in hparams.values().items()
        if transformer_nat_small().get(name) != value
    }
    assert changed == {
        "hint_hidden_weight": 5.0,
        "hint_hidden_pairs": "neighbor",
        "hint_hidden_penalty": "exp",
        "hint_gamma_st": 0.2,
        "hint_gamma_tr": 0.8,
        "hint_align_weight": 2.0,
        "hint_align_average": "layer_head",
        "hint_align_direction": "reverse_kl",
    }
    assert {name for _, name, _ in FORK_ALIASES} == set(changed)


@pytest.mark.parametrize(
    ("override", "name", "value"),
    [
        # No threshold on that side; in the authors' code the second would close the gate.
        ("regularize_hidden_hinge_param=-1", "hint_gamma_st", -1.0),
        ("regularize_hidden_hinge_param_teacher=-1", "hint_gamma_tr", 1.0),
        ("distill_encdec_type=no_average", "hint_align_average", "none"),
        ("distill_encdec_type=average_head", "hint_align_average", "head"),
        ("distill_encdec_type=average_all", "hint_align_average", "all"),
        ("hint_gamma_tr=-1", "hint_gamma_tr", -1.0),
    ],
)
def test_the_authors_values_mean_the_same(override, name, value):
    assert getattr(transformer_nat_small().parse(override), name) == value


def test_the_length_bias_is_measured_unless_given():
    assert transformer_nat_small().length_bias is None
    assert transformer_nat_small().parse("length_bias=-2").length_bias == -2
    assert transformer_nat_small().parse("length_bias=None").length_bias is None
    with pytest.raises(InputError, match="'length_bias' of type 'int'"):
        transformer_nat_small().parse("length_bias=0.5")


@pytest.mark.parametrize(
    ("override", "reason"),
    [
        ("teacher_model=True", "teacher_export_dir"),
        ("regularize_hidden_normalized=False", "cosines"),
    ],
)
def test_what_the_authors_had_otherwise_says_what_to_do(override, reason):
    with pytest.raises(InputError, match=reason):
        transformer_nat_small().parse(override)
