"""What a run asks of its teacher, its metric and its warm start, before anything is written."""

import io
from types import SimpleNamespace

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import HintGiver
from t2t_hint_nart.training import experiment as experiment_module
from t2t_hint_nart.training.calibrated_run import calibrate_run
from t2t_hint_nart.training.early_stopping import StoppingRule
from t2t_hint_nart.training.experiment import EvaluationExtras, Experiment
from t2t_hint_nart.training.loop import LoopSettings
from t2t_hint_nart.training.run import Run
from tests.models.tiny_networks import HEADS, tiny_hparams

pytestmark = pytest.mark.usefixtures("eager_functions")
STATES = {"layers": 1, "size": 9}
ATTENTION = {"layers": 1, "heads": HEADS}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("data")
    registry.load_plugins()
    registry.problem("algorithmic_copy_tiny").generate_data(directory, directory / "tmp")
    return str(directory)


@pytest.fixture
def make_run(data_dir, tmp_path):
    """From a model, its set, facts of the run and changes to the set to a run."""

    def make(model="transformer_nat", named="transformer_nat_small", facts=None, **changes):
        hparams = tiny_hparams(named, num_decoder_layers=1, batch_size=64, **changes)
        if "length_bias" in hparams:
            hparams.length_bias = 0
        problem = registry.problem("algorithmic_copy_tiny")
        return Run(model, hparams, problem, data_dir, str(tmp_path / "run"), **(facts or {}))

    return make


@pytest.fixture
def teacher(monkeypatch):
    """Facts of a run whose teacher says that it has such probes."""

    def says(**probes):
        class Giver(HintGiver):
            def __init__(self, export_dir):
                facts = SimpleNamespace(probes=probes, dtype="float32")
                self.export = SimpleNamespace(export_dir=export_dir, metadata=facts)

            def check_fits(self, wanted, whose=""):
                return ""

        monkeypatch.setattr(experiment_module, "HintGiver", Giver)
        return {"teacher_export_dir": "teacher"}

    return says


def test_a_hint_without_weight_that_the_teacher_cannot_give_is_left_out(make_run, teacher):
    """Of a recurrent teacher, say: states, without norms, and no attention."""
    facts, told = teacher(hidden=STATES), io.StringIO()
    objective = Experiment(make_run(facts=facts, hint_hidden_weight=1.0), told).learner.objective
    assert objective.compared() == {"hint_hidden": "hint_hidden_weight"}
    assert objective.probes() == ("hidden",)
    assert told.getvalue() == (
        "hint_align isn't measured with teacher: its attention can't be probed.\n"
    )


@pytest.mark.parametrize(
    ("probes", "why"),
    [
        ({"hidden": STATES}, "its attention can't be probed"),
        (
            {"hidden": STATES, "attention": {**ATTENTION, "layers": 3}},
            "its attention has 3 layers, the student's 1",
        ),
    ],
)
def test_one_with_a_weight_is_refused(make_run, teacher, probes, why):
    weights = {"hint_hidden_weight": 1.0, "hint_align_weight": 1.0}
    with pytest.raises(InputError, match=f"^The teacher teacher doesn't fit the student: {why}.$"):
        Experiment(make_run(facts=teacher(**probes), **weights), io.StringIO())


def test_a_teacher_without_the_attention_that_aligns(make_run, teacher):
    changes = {"fertility_alignment": "attention"}
    named = ("transformer_nat_fertility", "transformer_nat_fertility_multi30k")
    told = "^The teacher teacher doesn't fit the student: its attention can't be probed.$"
    with pytest.raises(InputError, match=told):
        Experiment(make_run(*named, teacher(hidden=STATES), **changes), io.StringIO())
    giver = Experiment(make_run(*named, teacher(attention=ATTENTION), **changes), io.StringIO())
    assert giver.learner.hint_giver is not None


@pytest.mark.parametrize(
    ("name", "value"), [("hint_hidden_penalty", "foo"), ("hint_hidden_pairs", "neighbour")]
)
def test_calibration_checks_the_words_of_hints_without_weight(make_run, teacher, name, value):
    run = make_run(facts=teacher(hidden=STATES, attention=ATTENTION), **{name: value})
    with pytest.raises(InputError, match=f"^Unknown {name} '{value}'"):
        calibrate_run(run, 1)


def test_calibration_of_nothing(make_run, teacher):
    """A set without hints, or a teacher that can give none."""
    for model, named in (
        ("transformer", "transformer_base_v2"),
        ("transformer_nat", "transformer_nat_small"),
    ):
        with pytest.raises(InputError) as raised:
            calibrate_run(make_run(model, named, teacher(another=STATES)), 1)
        assert str(raised.value).startswith(
            f"Nothing to calibrate: no hint of {model}'s set can be measured with teacher; "
        )


@pytest.mark.parametrize(
    ("model", "named", "metric", "given"),
    [
        ("transformer_nat_ctc", "transformer_nat_ctc_multi30k", "accuracy", "loss"),
        ("transformer_nat_ctc", "transformer_nat_ctc_multi30k", "approx_bleu_score", "loss"),
        ("transformer_nat", "transformer_nat_small", "BLEU_cased", "loss, accuracy, "),
    ],
)
def test_a_metric_that_evaluations_do_not_give(make_run, tmp_path, model, named, metric, given):
    experiment = Experiment(make_run(model, named), io.StringIO())
    extras = EvaluationExtras(sentence_metrics=True, stopping=StoppingRule(metric, False))
    with pytest.raises(InputError) as raised:
        experiment.train(LoopSettings(train_steps=1), extras=extras)
    assert str(raised.value).startswith(
        f"eval_early_stopping_metric is {metric}, which evaluations of {model} don't give; they "
        f"give {given}"
    )
    assert not (tmp_path / "run").exists()


def test_metrics_that_evaluations_give(make_run):
    experiment = Experiment(make_run(), io.StringIO())
    for metric in ("loss", "accuracy", "rouge_L_fscore"):
        experiment._check_stopping(EvaluationExtras(True, stopping=StoppingRule(metric)))
    decoded = EvaluationExtras(decoded=lambda step: {}, stopping=StoppingRule("BLEU_cased"))
    experiment._check_stopping(decoded)


def test_a_run_with_checkpoints_needs_no_warm_start(make_run, tmp_path):
    run = make_run(facts={"warm_start_from": str(tmp_path / "gone")})
    with pytest.raises(InputError, match="^No checkpoint at .*gone"):
        Experiment(run, io.StringIO())
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.ckpt-3.index").touch()
    told = io.StringIO()
    Experiment(run, told)
    assert "Warm start" not in told.getvalue()
