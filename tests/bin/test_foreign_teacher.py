"""A teacher that doesn't fit, by every command that uses one for anything."""

import io

import pytest

from t2t_hint_nart.errors import InputError
from tests.bin.conftest import FOREIGN, MODELS, PAIRS, PROBLEM, SIZES
from tests.commands import refusal, run_command, succeed

CANDIDATES = "length_halfwidth=1"
JOBS = (
    "file",
    "data set",
    "typed",
    "checkpoints",
    "schedule",
    "training",
    "calibration",
    "distillation",
    "page",
)


@pytest.fixture
def commands(workshop, tmp_path):
    """By job the command, the flag that names its teacher, and all other flags it needs."""
    source = tmp_path / "in"
    source.write_text("".join(f"{line}\n" for line, _ in PAIRS["eval"]), "utf-8")
    data = {"problem": PROBLEM, "data_dir": workshop.data_dir}
    student = {
        **data,
        "model": "transformer_nat",
        "hparams_set": "transformer_nat_small_hints",
    }
    run = {**student, "output_dir": workshop.runs["transformer_nat"]}
    ranked = {**run, "hparams_set": MODELS["transformer_nat"], "decode_hparams": CANDIDATES}
    written = {**ranked, "decode_to_file": tmp_path / "out"}
    followed = {**ranked, "model_dir": ranked["output_dir"], "source": source}
    del followed["output_dir"]
    teacher, out = "teacher_export_dir", tmp_path / "out"
    shown = {**data, "sentence": "der Hund .", "visualization_dir": out}
    return {
        "file": ("t2t-decoder", teacher, {**written, "decode_from_file": source}),
        "data set": ("t2t-decoder", teacher, written),
        "typed": ("t2t-decoder", teacher, {**ranked, "decode_interactive": True}),
        "checkpoints": ("t2t-translate-all", teacher, {**followed, "translations_dir": out}),
        "schedule": ("t2t-trainer", teacher, {**written, "schedule": "decode"}),
        "training": ("t2t-trainer", teacher, {**student, "output_dir": out}),
        "calibration": ("t2t-calibrate", teacher, student),
        "distillation": ("t2t-distill", teacher, data),
        "page": ("t2t-visualize", "export_dir", shown),
    }


def refused(job, teacher, tmp_path):
    command, flag, flags = job
    ended = run_command(command, **flags, **{flag: teacher})
    assert ended.status == 1
    assert not list(tmp_path.glob("out*"))
    return ended.err.splitlines()[-1].removeprefix(f"{command}: error: ")


@pytest.mark.parametrize("job", JOBS)
def test_another_vocabulary_is_refused(commands, foreign_teacher, tmp_path, job):
    line = refused(commands[job], foreign_teacher, tmp_path)
    assert line.startswith(
        f"{foreign_teacher} doesn't fit {PROBLEM}: its vocabulary of inputs has "
        f"fingerprint {FOREIGN}, that of {PROBLEM} "
    )


@pytest.mark.parametrize("job", JOBS)
def test_the_opposite_direction_is_refused(commands, opposite_teacher, tmp_path, job):
    """Vocabulary and sizes are the same."""
    assert refused(commands[job], opposite_teacher, tmp_path) == (
        f"{opposite_teacher} translates {PROBLEM}_rev, the opposite direction of {PROBLEM}; give a "
        f"model of {PROBLEM}."
    )


def test_a_fitting_one_ranks(commands, teacher_export, tmp_path):
    command, flag, flags = commands["file"]
    succeed(command, **flags, **{flag: teacher_export})
    assert len((tmp_path / "out").read_text("utf-8").splitlines()) == len(PAIRS["eval"])


def test_of_one_candidate_there_is_nothing_to_judge(commands, foreign_teacher):
    command, flag, flags = commands["file"]
    told = refusal(command, **{**flags, "decode_hparams": ""}, **{flag: foreign_teacher})
    assert told.startswith(f"The teacher {foreign_teacher} has nothing to judge: of a student, ")


def test_it_is_asked_for_hints_where_one_has_a_weight(workshop, foreign_teacher, tmp_path):
    """Or where weights are to be proposed; else it may still rank candidates."""
    from t2t_hint_nart import registry
    from t2t_hint_nart.training.experiment import Experiment
    from t2t_hint_nart.training.run import Run

    def started(told, hparams, **facts):
        named = registry.hparams("transformer_nat_small_hints")
        named.override_from_dict(SIZES).parse(f"length_bias=0,{hparams}")
        run = Run(
            "transformer_nat",
            named,
            registry.problem(PROBLEM),
            str(workshop.data_dir),
            str(tmp_path / "run"),
            str(foreign_teacher),
            **facts,
        )
        return Experiment(run, told).learner.hint_giver

    unweighted, told = "hint_hidden_weight=0,hint_align_weight=0", io.StringIO()
    assert started(told, unweighted) is None
    assert told.getvalue() == (
        "No hint has a weight: the teacher gives none, and may rank candidates.\n"
    )
    for hparams, facts in (("", {}), (unweighted, {"calibrates": True})):
        with pytest.raises(InputError, match=f"^{foreign_teacher} doesn't fit {PROBLEM}: "):
            started(told, hparams, **facts)
