"""What every command says to bad input: one line, exit status 1, and nothing is written.

What needs a trained teacher or student to go wrong: tests/e2e/test_refusals.py.
"""

import json
from pathlib import Path

import pytest

from tests.bin.conftest import PROBLEM
from tests.commands import refusal, succeed
from tests.contracts.test_commands import console_scripts

# A flag of each command, as it might be mistyped, and a number of each that isn't one.
MISTYPED = {
    "t2t-avg-all": ("model_dirs", "model_dir", "n"),
    "t2t-avg-checkpoints": ("checkpoint", "checkpoints", "num_last_checkpoints"),
    "t2t-bleu": ("refrence", "reference", "min_steps"),
    "t2t-build-vocab": ("corpus_filepatern", "corpus_filepattern", "min_count"),
    "t2t-calibrate": ("batchs", "batches", "batches"),
    "t2t-datagen": ("problm", "problem", "random_seed"),
    "t2t-decoder": ("decode_form_file", "decode_from_file", "worker_id"),
    "t2t-distill": ("batchsize", "batch_size", "batch_size"),
    "t2t-eval": ("eval_step", "eval_steps", "eval_steps"),
    "t2t-exporter": ("exportdir", "export_dir", None),
    "t2t-import-checkpoint": ("checkpoint_pth", "checkpoint_path", None),
    "t2t-query-server": ("input_once", "inputs_once", "timeout_secs"),
    "t2t-serve": ("max_qeue", "max_queue", "max_batch_size"),
    "t2t-reproduce": ("recipie", "recipe", "random_seed"),
    "t2t-trainer": ("train_step", "train_steps", "train_steps"),
    "t2t-translate-all": ("sources", "source", "beam_size"),
    "t2t-visualize": ("sentences", "sentence", None),
}
MISSING = {
    "t2t-avg-all": "Missing --model_dir.",
    "t2t-avg-checkpoints": "Missing --prefix.",
    "t2t-bleu": "Missing --reference.",
    "t2t-build-vocab": "Give one of --problem, --corpus_filepattern, --vocab_filepattern.",
    "t2t-calibrate": "Missing --problem, --data_dir, --hparams_set, --teacher_export_dir.",
    "t2t-datagen": "--problem is missing.",
    "t2t-decoder": "Missing --model, --hparams_set, --problem, --data_dir.",
    "t2t-distill": "Missing --problem, --data_dir, --teacher_export_dir.",
    "t2t-eval": "Missing --model, --hparams_set, --problem, --data_dir, --output_dir.",
    "t2t-exporter": "Missing --model, --hparams_set, --problem, --data_dir.",
    "t2t-import-checkpoint": "Missing --checkpoint_path.",
    "t2t-query-server": "Give either --export_dir or --server with --servable_name.",
    "t2t-reproduce": "Missing --recipe, --output_dir.",
    "t2t-serve": "Missing --export_dir.",
    "t2t-trainer": "Missing --model, --hparams_set, --problem, --data_dir, --output_dir.",
    "t2t-translate-all": "Missing --model_dir, --source, --problem, --data_dir.",
    "t2t-visualize": "Missing --sentence, --visualization_dir, --data_dir.",
}
NO_USR_DIR = ("t2t-avg-all", "t2t-avg-checkpoints", "t2t-bleu")
MODEL_COMMANDS = ("t2t-trainer", "t2t-decoder", "t2t-exporter")


@pytest.fixture(autouse=True)
def nothing_is_written(tmp_path, monkeypatch):
    """Where a command writes by default, too."""
    monkeypatch.chdir(tmp_path)
    yield
    assert [path for path in tmp_path.rglob("*") if path.name not in GIVEN] == []


# Bad input that tests make themselves.
GIVEN = {"bad", "in.txt", "hparams.json", "__init__.py"}


def test_every_command_is_in_the_tables():
    assert set(MISTYPED) == set(MISSING) == set(console_scripts())


@pytest.mark.parametrize("command", MISTYPED)
def test_an_unknown_flag(command):
    mistyped, meant, _ = MISTYPED[command]
    message = refusal(command, **{mistyped: "x"})
    assert message.startswith(f"unknown flag --{mistyped}. Did you mean '{meant}'")


@pytest.mark.parametrize("command", [c for c, (_, _, flag) in MISTYPED.items() if flag])
def test_a_number_that_is_none(command):
    flag = MISTYPED[command][2]
    message = refusal(command, **{flag: "many"})
    assert message == f"flag --{flag}=many: invalid literal for int() with base 10: 'many'"


@pytest.mark.parametrize("command", MISTYPED)
def test_an_argument_without_a_flag(command):
    message = refusal(command, "in.txt")
    assert message == "unexpected argument 'in.txt': every argument is a --flag=value"


@pytest.mark.parametrize("command", MISSING)
def test_missing_flags(command):
    assert refusal(command).startswith(MISSING[command])


@pytest.mark.parametrize("command", [c for c in MISSING if c not in NO_USR_DIR])
def test_a_user_directory_that_is_none(command):
    message = refusal(command, t2t_usr_dir="nowhere")
    assert message.startswith("--t2t_usr_dir=nowhere must be a directory with an __init__.py")


def test_a_user_directory_that_fails():
    Path("bad").mkdir()
    Path("bad/__init__.py").write_text("import no_such_module\n", encoding="utf-8")
    message = refusal("t2t-trainer", t2t_usr_dir="bad")
    assert "ModuleNotFoundError: No module named 'no_such_module'" in message
    assert message.endswith("/bad/__init__.py:1)")


def flags_of(workshop, command, tmp_path):
    """Flags with which a command works."""
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in workshop.flags())
    if command == "t2t-trainer":
        return {**flags, "output_dir": tmp_path / "new", "train_steps": 1}
    if command == "t2t-decoder":
        (tmp_path / "in.txt").write_text("der Hund .\n", encoding="utf-8")
        return {**flags, "decode_from_file": tmp_path / "in.txt"}
    if command == "t2t-exporter":
        return {**flags, "export_dir": tmp_path / "new"}
    del flags["output_dir"], flags["model"]
    if command == "t2t-distill":
        del flags["hparams_set"]
    return {**flags, "teacher_export_dir": tmp_path / "teacher"}


def commands_with(flag):
    """Commands that have a flag."""
    return [name for name in console_scripts() if f"--{flag}=" in succeed(name, "--help")]


def flags_of_nothing(command):
    """Flags with which a command begins, as many as it has; there is no data and no model."""
    known = succeed(command, "--help")
    Path("in.txt").write_text("der Hund .\n", encoding="utf-8")
    flags = {
        "model": "transformer",
        "hparams_set": "transformer_test",
        "problem": PROBLEM,
        "data_dir": "nowhere",
        "output_dir": ".",
        "model_dir": ".",
        "checkpoint_path": "nowhere/model.ckpt-1",
        "source": "in.txt",
        "decode_from_file": "in.txt",
        "sentence": "Hallo",
        "visualization_dir": "nowhere",
        "teacher_export_dir": "nowhere",
    }
    return {name: value for name, value in flags.items() if f"--{name}=" in known}


@pytest.mark.parametrize("command", [*MODEL_COMMANDS, "t2t-calibrate"])
@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"problem": "text2text_tmpdri"}, "Did you mean 'text2text_tmpdir'"),
        ({"model": "transfomer_nat"}, "Did you mean 'transformer_nat'"),
        ({"hparams_set": "transformer_bsae"}, "Did you mean 'transformer_base'"),
        ({"hparams": "hiden_size=8"}, "Did you mean 'hidden_size'"),
        ({"hparams": "hidden_size=wide"}, "hidden_size"),
        ({"hparams": "hidden_size"}, "hidden_size"),
        ({"hparams": "hidden_size=8,hidden_size=9"}, "hidden_size"),
        ({"hparams": "num_heads=3"}, "num_heads"),
        ({"hparams": "num_heads=0"}, "num_heads is 0; it must be at least 1."),
        ({"data_dir": "nowhere"}, "t2t-datagen --problem=text2text_tmpdir --data_dir=nowhere"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "=".join(*value.items()),
)
def test_a_name_or_value_that_is_not_there(workshop, tmp_path, command, wrong, expected):
    flags = {**flags_of(workshop, command, tmp_path), **wrong}
    assert expected in refusal(command, **flags)


@pytest.mark.parametrize("command", ["t2t-decoder", "t2t-exporter"])
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("beam_sise=4", "Did you mean 'beam_size'"),
        ("beam_size=four", "beam_size"),
        ("alpha=high", "alpha"),
        ("stopping=soon", "hparam 'stopping' accepts only"),
    ],
)
def test_decode_hparams(workshop, tmp_path, command, settings, expected):
    flags = {**flags_of(workshop, command, tmp_path), "decode_hparams": settings}
    assert expected in refusal(command, **flags)


@pytest.mark.parametrize("change", ["num_heads=0", "label_smoothing=1.0", "learning_rate=nan"])
@pytest.mark.parametrize("command", commands_with("hparams"))
def test_a_hyperparameter_out_of_bounds(command, change):
    """Before anything is looked for."""
    message = refusal(command, **flags_of_nothing(command), hparams=change)
    name = change.partition("=")[0]
    assert message.startswith(f"{name} is ") and "; it must be " in message


@pytest.mark.parametrize("change", ["extra_length=-2", "beam_size=0", "alpha=inf"])
# t2t-serve's are of its export: test_t2t_serve.py.
@pytest.mark.parametrize("command", sorted({*commands_with("decode_hparams")} - {"t2t-serve"}))
def test_a_decode_hparam_out_of_bounds(command, change):
    message = refusal(command, **flags_of_nothing(command), decode_hparams=change)
    name = change.partition("=")[0]
    assert message.startswith(f"{name} is ") and "; it must be " in message


def test_a_beam_of_nothing(workshop, tmp_path):
    flags = {**flags_of(workshop, "t2t-decoder", tmp_path), "decode_hparams": "beam_size=0"}
    assert "beam_size" in refusal("t2t-decoder", **flags)


@pytest.mark.usefixtures("eager_functions")
def test_a_batch_of_less_than_nothing(workshop, tmp_path):
    flags = flags_of(workshop, "t2t-decoder", tmp_path)
    message = refusal("t2t-decoder", **flags, decode_hparams="batch_size=-1,extra_length=1")
    assert message == "batch_size is -1; it must be at least 0."


@pytest.mark.parametrize("command", ["t2t-decoder", "t2t-exporter"])
@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"output_dir": "nowhere"}, "No checkpoint at nowhere: nowhere.index doesn't exist."),
        ({"output_dir": "bad"}, "No checkpoint model.ckpt-<step> in bad; train a model first."),
        ({"output_dir": ""}, "Missing --output_dir (or --checkpoint_path)."),
        (
            {"checkpoint_path": "bad/model.ckpt-7"},
            "No checkpoint at bad/model.ckpt-7: bad/model.ckpt-7.index doesn't exist.",
        ),
    ],
)
def test_no_checkpoint(workshop, tmp_path, command, wrong, expected):
    Path("bad").mkdir()
    assert refusal(command, **{**flags_of(workshop, command, tmp_path), **wrong}) == expected


@pytest.mark.parametrize("command", MODEL_COMMANDS)
@pytest.mark.parametrize("content", ["{", "[1]", json.dumps({"hidden_size": "wide"})])
def test_damaged_hparams_of_a_run(workshop, tmp_path, command, content):
    Path("bad").mkdir()
    Path("bad/hparams.json").write_text(content, encoding="utf-8")
    flags = {**flags_of(workshop, command, tmp_path), "output_dir": "bad"}
    message = refusal(command, **flags)
    assert "bad/hparams.json is damaged" in message or "hidden_size" in message
    assert Path("bad/hparams.json").read_text(encoding="utf-8") == content


@pytest.mark.parametrize("command", ["t2t-distill", "t2t-calibrate", "t2t-query-server"])
def test_no_export(workshop, tmp_path, command):
    flags = {"export_dir": "bad", "inputs_once": "x"}
    if command != "t2t-query-server":
        flags = {**flags_of(workshop, command, tmp_path), "teacher_export_dir": "bad"}
    if command == "t2t-calibrate":
        flags["hparams_set"] = "transformer_nat_small_hints"
    assert refusal(command, **flags) == "No export in bad; make one with t2t-exporter."


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"model_dir": "nowhere"}, "--model_dir nowhere isn't a directory."),
        ({"model_dir": "bad", "n": 0}, "--n must be at least 1, not 0."),
        ({"model_dir": "bad", "n": 2}, "bad has 0 checkpoints from step 0 on, fewer than --n=2."),
    ],
)
def test_averages(flags, expected):
    Path("bad").mkdir()
    assert refusal("t2t-avg-all", **flags) == expected


def test_fewer_checkpoints_than_are_averaged(workshop):
    run = workshop.runs["transformer"]
    message = refusal("t2t-avg-all", model_dir=run, min_steps=20, n=2)
    assert message == f"{run} has 1 checkpoints from step 20 on, fewer than --n=2."


def test_distilling_what_is_not_there(workshop):
    flags = {"data_dir": workshop.data_dir, "teacher_export_dir": "bad"}
    message = refusal("t2t-distill", problem="text2text_tmpdri", **flags)
    assert "Did you mean 'text2text_tmpdir'" in message


@pytest.mark.parametrize("size", [0, -3])
def test_batches_of_no_sentence(workshop, size):
    flags = {"data_dir": workshop.data_dir, "teacher_export_dir": "bad", "problem": PROBLEM}
    message = refusal("t2t-distill", batch_size=size, **flags)
    assert message == f"--batch_size must be at least 1, not {size}."


@pytest.mark.parametrize("batches", [0, -1])
def test_calibration_on_no_batch(workshop, tmp_path, batches):
    flags = flags_of(workshop, "t2t-calibrate", tmp_path)
    message = refusal("t2t-calibrate", **{**flags, "batches": batches})
    assert message == f"--batches must be at least 1, not {batches}."


@pytest.mark.parametrize("flag", ["eval_steps", "keep_checkpoint_max", "save_checkpoints_secs"])
def test_fewer_than_none(workshop, tmp_path, flag):
    flags = {**flags_of(workshop, "t2t-trainer", tmp_path), flag: -1}
    assert refusal("t2t-trainer", **flags) == f"--{flag} must be at least 0, not -1."


@pytest.mark.parametrize("command", ["t2t-trainer", "t2t-decoder"])
def test_a_teachers_set_for_a_student(workshop, tmp_path, command):
    flags = {**flags_of(workshop, command, tmp_path), "model": "transformer_nat"}
    assert refusal(command, **flags).startswith(
        "The hparams set isn't one of model 'transformer_nat' (Unknown hyperparameter "
        "positional_attention); sets named after the model: transformer_nat_base_v1, "
    )


@pytest.mark.parametrize("flag", ["train_steps", "local_eval_frequency", "log_step_count_steps"])
@pytest.mark.parametrize("steps", [0, -1])
def test_training_for_no_step(workshop, tmp_path, flag, steps):
    flags = {**flags_of(workshop, "t2t-trainer", tmp_path), flag: steps}
    assert refusal("t2t-trainer", **flags) == f"--{flag} must be at least 1, not {steps}."


def test_an_unknown_recipe(tmp_path):
    message = refusal("t2t-reproduce", recipe="quickstrat", output_dir=tmp_path / "new")
    assert message.startswith(
        "recipe 'quickstrat' is not registered. Did you mean 'quickstart'? Registered: iwslt14_pap"
    )
