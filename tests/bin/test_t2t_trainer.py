"""t2t-trainer's schedules and flags, on two tiny runs and eagerly."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.schedules import SCHEDULES
from t2t_hint_nart.bin.shared_flags import (
    define_data_flags,
    define_decode_flags,
    define_model_flags,
)
from t2t_hint_nart.bin.t2t_trainer import (
    define_decoding_flags,
    define_evaluation_flags,
    define_training_flags,
)
from t2t_hint_nart.bin.trainer_session import TrainerSession
from t2t_hint_nart.inspection.dev_images import make_pictures
from t2t_hint_nart.serving.translator import LONGEST_SENTENCE
from t2t_hint_nart.training import experiment
from t2t_hint_nart.training.early_stopping import StoppingRule
from tests.bin.conftest import PAIRS, PROBLEM, SIZES, STEPS
from tests.commands import refusal, run_command, succeed

pytestmark = pytest.mark.usefixtures("eager_functions", "no_pictures")

SMALL = ",".join(f"{name}={value}" for name, value in SIZES.items())
TINY = {
    "hparams": f"{SMALL},batch_size=64,max_length=32",
    "eval_steps": 1,
    "decode_hparams": "beam_size=1,extra_length=2",
}
ENDS_OF_DECODES = ("-20", ".inputs", ".targets")


@pytest.fixture
def run_dir(workshop, tmp_path):
    """A copy that may be written to."""
    return shutil.copytree(workshop.runs["transformer"], tmp_path / "run")


def scalars(directory):
    import tensorflow as tf

    found = {}
    for path in directory.glob("events*"):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found[value.tag, event.step] = tf.make_ndarray(value.tensor)
    return found


def steps_in(directory):
    return sorted(int(path.stem.split("-")[1]) for path in directory.glob("model.ckpt-*.index"))


def train(workshop, output_dir, model="transformer", **changes):
    given = {**TINY, "output_dir": output_dir, "train_steps": 2, "local_eval_frequency": 1}
    return succeed("t2t-trainer", *workshop.flags(model), **{**given, **changes})


def test_names_of_t2t():
    assert set(SCHEDULES) == {
        "train", "train_and_evaluate", "continuous_train_and_eval", "train_eval_and_decode",
        "evaluate", "evaluate_on_train_data", "continuous_eval", "continuous_eval_on_train_data",
        "test", "decode", "continuous_decode", "continuous_decode_on_train_data",
        "continuous_decode_on_eval_data", "continuous_decode_from_file",
    }  # fmt: skip


@pytest.mark.parametrize("model", ["transformer", "transformer_nat"])
def test_schedule_test(workshop, tmp_path, monkeypatch, model):
    """One step of training, one batch of evaluation, with everything that is written."""
    monkeypatch.setattr(experiment, "make_pictures", make_pictures)
    told = train(workshop, tmp_path, model, schedule="test")
    assert "Batches: " in told and "padded tokens a side" in told
    assert "Learning rate: at most " in told
    assert steps_in(tmp_path) == [1] and steps_in(tmp_path / "best") == [1]
    evaluated = scalars(tmp_path / "eval")
    metrics = ("accuracy", "accuracy_top5", "accuracy_per_sequence", "neg_log_perplexity",
               "approx_bleu_score", "rouge_2_fscore", "rouge_L_fscore")  # fmt: skip
    names = {f"metrics-{PROBLEM}/targets/{name}" for name in metrics}
    assert set(evaluated) == {
        (tag, 1) for tag in names | {"loss", "attention", "cosine_similarity"}
    }
    written = scalars(tmp_path)
    stats = {
        f"input_stats/{side}_{what}"
        for side in ("inputs", "targets")
        for what in ("batch", "length", "nonpadding_tokens", "nonpadding_fraction")
    }
    tags = {tag for tag, step in written if step == 1}
    assert tags >= stats | {"loss", "learning_rate", "global_step/sec", "losses/training"}
    rows = dict(written[f"{model}_hparams", 0].tolist())
    assert rows[b"hidden_size"] == b"16"
    assert {"flags.txt", "hparams.json", "evaluations.json"} < {
        path.name for path in tmp_path.iterdir()
    }


def test_train_evaluates_nothing(workshop, tmp_path):
    told = train(workshop, tmp_path, schedule="train")
    assert "Trained to step 2." in told and steps_in(tmp_path) == [1, 2]
    assert not (tmp_path / "eval").exists() and not (tmp_path / "best").exists()


def test_throttling(workshop, tmp_path):
    train(workshop, tmp_path, schedule="train_and_evaluate", train_steps=3)
    steps = sorted(step for tag, step in scalars(tmp_path / "eval") if tag == "loss")
    assert steps == [1, 3] and steps_in(tmp_path) == [1, 2, 3]


def test_bleu_of_decoded_text_decides(workshop, tmp_path):
    """The metric asks for decoding; higher is better without a word about it."""
    told = train(
        workshop,
        tmp_path,
        eval_early_stopping_metric="BLEU_cased",
        eval_early_stopping_steps=1,
        train_steps=5,
    )
    evaluated = scalars(tmp_path / "eval")
    assert {("BLEU_cased", 1), ("BLEU_uncased", 1), ("BLEU_13a", 1)} < set(evaluated)
    # Untrained, it translates nothing right: no improvement from step 1 to 2.
    assert "Stopped at step 2: BLEU_cased hasn't improved by 0.1 in 1 steps" in told
    best = json.loads((tmp_path / "best" / "best.json").read_text())
    assert best["metric"] == "BLEU_cased" and best["step"] == 1
    assert not (tmp_path / "decode").exists()


def stopping_rule(workshop, *arguments):
    values = flags.FlagValues()
    for define in (
        define_data_flags,
        define_model_flags,
        define_decode_flags,
        define_decoding_flags,
        define_training_flags,
        define_evaluation_flags,
    ):
        define(values)
    command_line.parse(values, [*workshop.flags(), *arguments])
    return TrainerSession(values).stopping


def test_which_way_is_better(workshop):
    metric = "--eval_early_stopping_metric=accuracy"
    minimize = "eval_early_stopping_metric_minimize"
    assert stopping_rule(workshop) == StoppingRule("loss", True, None, 0.1)
    assert stopping_rule(workshop, metric) == StoppingRule("accuracy", False, None, 0.1)
    # A said direction holds.
    assert stopping_rule(workshop, metric, f"--{minimize}").minimize
    assert not stopping_rule(workshop, f"--no{minimize}").minimize


def test_train_eval_and_decode(workshop, tmp_path):
    train(workshop, tmp_path, schedule="train_eval_and_decode")
    names = {path.name for path in (tmp_path / "decode").iterdir()}
    assert names == {f"{PROBLEM}{end}" for end in ("-1", "-2", ".inputs", ".targets")}
    assert len((tmp_path / "decode" / f"{PROBLEM}-2").read_text().splitlines()) == 2
    assert (tmp_path / "decode" / f"{PROBLEM}.targets").read_text().startswith("the bird sleeps")
    assert ("BLEU_cased", 2) in scalars(tmp_path / "eval")


@pytest.mark.parametrize(
    ("schedule", "on_test_set", "directory", "split"),
    [
        ("evaluate", False, "eval", "eval"),
        ("evaluate", True, "eval", "test"),
        ("evaluate_on_train_data", False, "eval_train", "train"),
        ("continuous_eval", False, "eval", ""),
        ("continuous_eval_on_train_data", True, "eval_train", "train"),
    ],
)
def test_evaluation(workshop, run_dir, monkeypatch, schedule, on_test_set, directory, split):
    """The sentences that are evaluated are those decoded, if decoding is asked for."""
    from t2t_hint_nart.serving.job import StepDecode

    decoded = []

    def bleu(self, step):
        sentences = self._sentences
        decoded.extend(zip(sentences.inputs, sentences.references, strict=True))
        return {"BLEU_cased": 12.5}

    monkeypatch.setattr(StepDecode, "__call__", bleu)
    given = {"eval_use_test_set": on_test_set, "eval_run_autoregressive": bool(split)}
    told = train(workshop, run_dir, schedule=schedule, eval_timeout_mins=0, **given)
    assert ("BLEU_cased: 12.500000" in told) == bool(split)
    assert sorted(decoded) == sorted(PAIRS.get(split, ()))
    written = scalars(run_dir / directory)
    assert {step for _, step in written} == {STEPS[-1]}
    loss = float(told.split("\nloss: ")[1].split()[0])
    assert loss == pytest.approx(float(written["loss", STEPS[-1]]), abs=1e-5)
    # Looking changes nothing.
    assert not list(run_dir.glob("events*")) and not (run_dir / "best").exists()
    assert steps_in(run_dir) == list(STEPS)


@pytest.mark.parametrize(
    ("schedule", "name", "lines"),
    [
        ("decode", f"{PROBLEM}-20", 2),
        ("continuous_decode", f"{PROBLEM}-20", 2),
        ("continuous_decode_on_eval_data", f"{PROBLEM}-20", 2),
        ("continuous_decode_on_train_data", f"{PROBLEM}.train-20", 15),
    ],
)
def test_decoding(workshop, run_dir, schedule, name, lines):
    told = train(workshop, run_dir, schedule=schedule, eval_timeout_mins=0)
    assert len((run_dir / "decode" / name).read_text().splitlines()) == lines
    assert f"Decoded with step 20 to {run_dir / 'decode' / name}  BLEU_cased " in told


def test_the_test_set_has_files_of_its_own(workshop, run_dir):
    for given in ({}, {"eval_use_test_set": True}):
        train(workshop, run_dir, schedule="decode", **given)
    names = [f"{PROBLEM}{split}{end}" for split in ("", ".test") for end in ENDS_OF_DECODES]
    assert sorted(path.name for path in (run_dir / "decode").iterdir()) == sorted(names)
    for split, inputs in (("", "der Vogel schläft ."), (".test", "die Katze singt .")):
        written = (run_dir / "decode" / f"{PROBLEM}{split}.inputs").read_text("utf-8")
        assert written.splitlines()[0] == inputs


def test_the_teacher_ranks_at_an_evaluation(workshop, teacher_export, tmp_path):
    """The likelihood needs no teacher, decoding does."""
    student = shutil.copytree(workshop.runs["transformer_nat"], tmp_path / "student")
    given = {
        "schedule": "evaluate",
        "decode_hparams": "length_halfwidth=1",
        "eval_run_autoregressive": True,
        "teacher_export_dir": teacher_export,
    }
    told = train(workshop, student, "transformer_nat", **given)
    assert "BLEU_cased: " in told and "loss: " in told


def test_decoding_a_file(workshop, run_dir, tmp_path):
    file, out = tmp_path / "in.txt", tmp_path / "out"
    file.write_text("der Hund\ndie Katze\nder Vogel\n")
    given = {"decode_from_file": file, "decode_to_file": out, "eval_timeout_mins": 0}
    told = train(workshop, run_dir, schedule="continuous_decode_from_file", **given)
    assert len((tmp_path / "out-20").read_text().splitlines()) == 3
    assert told.strip().endswith("out-20") and "BLEU" not in told
    refs = {"decode_reference": file}
    assert "BLEU_cased" in train(workshop, run_dir, schedule="decode", **given, **refs)
    file.unlink()
    common = [*workshop.flags(), f"--output_dir={run_dir}", "--schedule=decode"]
    ended = run_command("t2t-trainer", *common, decode_from_file=file)
    assert ended.status == 1 and f"cannot read '{file}'" in ended.err


def test_decode_hparams_are_as_those_of_t2t_decoder(workshop, run_dir, tmp_path):
    parts, refs = [tmp_path / f"in.txt{n:03d}" for n in range(2)], tmp_path / "refs"
    parts[1].write_text("der Hund;die Katze", "utf-8")
    refs.write_text("the dog\nthe cat\n")
    given = [
        *("beam_size=2", "extra_length=2", "return_beams=True", "write_beam_scores=True"),
        *("delimiter=;", "shards=2", "shard_id=1", "log_results=True"),
        *(f"decode_reference={refs}", f"decode_to_file={tmp_path / 'out'}"),
    ]
    flags = {
        "hparams": TINY["hparams"],
        "output_dir": run_dir,
        "decode_hparams": ",".join(given),
        "decode_from_file": tmp_path / "in.txt",
    }
    ended = run_command("t2t-trainer", *workshop.flags(), "--schedule=decode", **flags)
    assert ended.status == 0 and "BLEU_cased" in ended.out, ended.err
    assert "Inference results INPUT: der Hund\n" in ended.err
    succeed("t2t-decoder", *workshop.flags(), **flags)
    written = (tmp_path / "out001-20").read_text("utf-8")
    assert written == (tmp_path / "out001").read_text("utf-8")
    assert [part.count("\t") for part in written.split(";")] == [3, 3, 0]


def test_a_part_of_a_data_set_and_references_of_ones_own(workshop, run_dir, tmp_path):
    refs = tmp_path / "refs"
    refs.write_text("mine\n")
    settings = f"{TINY['decode_hparams']},identity_output=True,num_samples=1"
    given = {"schedule": "decode", "decode_hparams": settings, "decode_reference": refs}
    train(workshop, run_dir, **given)
    decoded = run_dir / "decode"
    assert (decoded / f"{PROBLEM}.targets").read_text() == "mine\n"
    assert set((decoded / f"{PROBLEM}-20").read_text()) <= set("0123456789 \n")
    given["decode_hparams"] = f"{TINY['decode_hparams']},shards=10,shard_id=3"
    del given["decode_reference"]
    train(workshop, run_dir, **{**given, "schedule": "continuous_decode_on_train_data",
                                "eval_timeout_mins": 0})  # fmt: skip
    assert len((decoded / f"{PROBLEM}.train003-20").read_text().splitlines()) == 2


def test_sentences_without_a_translation_are_told(workshop, run_dir, tmp_path):
    file = tmp_path / "in.txt"
    file.write_text(f"der Hund\n{'Hund ' * LONGEST_SENTENCE}\n", "utf-8")
    common = [*workshop.flags(), f"--output_dir={run_dir}", "--schedule=decode"]
    ended = run_command("t2t-trainer", *common, **TINY, decode_from_file=file)
    out = f"{file}.{PROBLEM}-20"
    told = f"t2t-trainer: error: Too long: line 2 of {file}. What {out} has there says nothing, "
    assert ended.status == 1 and ended.err.splitlines()[-1].startswith(told)
    assert [bool(line) for line in Path(out).read_text("utf-8").split("\n")] == [True, False, False]


def test_a_search(workshop, tmp_path):
    given = {
        "hparams_range": "transformer_base_range",
        "autotune_max_trials": 2,
        "autotune_objective": "metrics-x/accuracy_top5",
        "train_steps": 1,
    }
    told = train(workshop, tmp_path, **given)
    header, first, second = told[told.index("\ntrial  ") :].strip().splitlines()[:3]
    assert header.split()[:3] == ["trial", "accuracy_top5", "learning_rate"]
    assert float(first.split()[1]) >= float(second.split()[1])
    assert f"Best: {first.split()[0]}. Train it with:" in told
    command = told.strip().splitlines()[-1]
    rate = first.split()[2]
    assert f"learning_rate={rate}" in command and "hidden_size=16" in command
    hparams = json.loads((tmp_path / first.split()[0] / "hparams.json").read_text())
    assert str(hparams["learning_rate"]) == rate
    # Again: nothing is trained.
    again = train(workshop, tmp_path, **given)
    assert "Training from" not in again and command in again
    stored = json.loads((tmp_path / "trial_001" / "hparams.json").read_text())
    assert stored["hidden_size"] == 16


SEARCH = {"hparams_range": "transformer_base_range", "autotune_max_trials": 1, "train_steps": 1}


def contents(directory):
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_a_finished_search_is_of_what_was_asked_for(workshop, tmp_path):
    train(workshop, tmp_path, **SEARCH)
    trial, before = tmp_path / "trial_000", contents(tmp_path)

    def refused(**changes):
        common = [*workshop.flags(), f"--output_dir={tmp_path}"]
        given = {**TINY, "local_eval_frequency": 1, **SEARCH, **changes}
        line = refusal("t2t-trainer", *common, **given)
        assert contents(tmp_path) == before
        return line

    another = "; give another --output_dir."
    assert refused(train_steps=50, autotune_objective="BLEU_cased") == (
        f"{tmp_path} is a search of --train_steps=1, not 50{another}"
    )
    old, new = TINY["hparams"], f"{TINY['hparams']},label_smoothing=0.5"
    assert refused(hparams=new) == (
        f"{tmp_path} is a search of --hparams='{old}', not '{new}'{another}"
    )
    assert refused(hparams_set="transformer_tiny") == (
        f"{tmp_path} is a search of --hparams_set='transformer_test', not 'transformer_tiny'"
        f"{another}"
    )
    assert refused(hparams_range="transformer_base") == (
        f"{tmp_path} is a search in other ranges{another}"
    )
    assert refused(autotune_objective="BLEU_cased") == (
        f"{trial} was evaluated without BLEU_cased; it has accuracy, accuracy_per_sequence, "
        "accuracy_top5, approx_bleu_score, loss, neg_log_perplexity, rouge_2_fscore, "
        "rouge_L_fscore: name one of them as --autotune_objective, or give another --output_dir."
    )


def test_a_search_without_optuna(workshop, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    line = refusal("t2t-trainer", *workshop.flags(), f"--output_dir={tmp_path / 'new'}", **SEARCH)
    assert line == "--hparams_range needs Optuna: pip install 't2t-hint-nart[search]'."
    assert not (tmp_path / "new").exists()


def test_a_search_interrupted_in_its_last_evaluation(workshop, tmp_path, monkeypatch):
    from t2t_hint_nart.training.experiment import Experiment

    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Experiment, "make_evaluation", lambda *arguments: interrupted)
        given = {**TINY, **SEARCH, "local_eval_frequency": 1, "output_dir": tmp_path}
        assert run_command("t2t-trainer", *workshop.flags(), **given).status != 0
    trial = tmp_path / "trial_000"
    assert steps_in(trial) == [1]
    told = train(workshop, tmp_path, **SEARCH)
    assert "already at step 1 of 1" in told and "Best: trial_000" in told
    assert steps_in(trial) == [1]


def test_print_lr_of_an_unknown_optimizer():
    told = refusal(
        "t2t-trainer", "--print_lr", hparams_set="transformer_base", hparams="optimizer=x"
    )
    assert told.startswith("optimizer 'x' is not registered.")


def test_print_lr():
    told = succeed("t2t-trainer", "--print_lr", hparams_set="transformer_base_v3")
    rows = [line.split() for line in told.splitlines()]
    assert rows[0] == ["step", "learning", "rate"]
    assert ["1000", "1.2353e-04"] in rows and ["8000", "9.8821e-04", "highest"] in rows
    assert rows[-1][0] == "250000"


def test_refusals(workshop, tmp_path):
    common = [*workshop.flags(), f"--output_dir={tmp_path / 'new'}"]

    def refused(*arguments):
        return refusal("t2t-trainer", *common, *arguments)

    assert "Did you mean 'evaluate'" in refused("--schedule=evalute")
    assert "isn't supported: training has no parameter servers" in refused(
        "--schedule=run_std_server"
    )
    line = refused("--eval_early_stopping_metric=acuracy")
    assert line.startswith("Unknown metric 'acuracy'; allowed are loss, accuracy, ")
    assert "must be at least 1, not 0" in refused("--eval_early_stopping_steps=0")
    assert "transformer_base_range" in refused("--hparams_range=transformer_base_rang")
    assert "Unknown metric" in refused("--hparams_range=transformer_base", "--autotune_objective=x")
    assert "needs evaluations" in refused("--schedule=train", "--eval_early_stopping_steps=5")
    assert "--eval_steps=0" in refused("--hparams_range=transformer_base", "--eval_steps=0")
    assert "No checkpoint" in refused("--schedule=evaluate")
    assert "No checkpoint" in refused("--schedule=decode")
    assert "needs --decode_from_file" in refused("--schedule=continuous_decode_from_file")
    assert not (tmp_path / "new").exists()
