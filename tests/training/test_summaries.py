"""TensorBoard tags."""

import pytest

from t2t_hint_nart.losses.term import Scalar
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.summaries import Summaries, training_history
from tests.models.tiny_networks import tiny_hparams
from tests.training.event_files import read_scalars


def test_training_has_t2t_s_tags(tmp_path):
    objective = Objective(tiny_hparams("transformer_nat_small"))
    summaries = Summaries(tmp_path, scalars=objective.scalars())
    scalars = {
        "loss": 1.0,
        "learning_rate": 2.0,
        "nll": 3.0,
        "hint_hidden": 4.0,
        "hint_align": 5.0,
        "gate_fraction": 6.0,
        "student_cosine": 7.0,
        "teacher_cosine": 8.0,
        "gradient_norm": 9.0,
        "steps_per_second": 10.0,
        "tokens_per_second": 11.0,
        "targets_nonpadding_tokens": 12.0,
        "another": 13.0,
    }
    summaries.training(100, scalars)
    summaries.training(200, {"loss": 0.5})
    assert read_scalars(tmp_path) == {
        "loss": {100: 1.0, 200: 0.5},
        "learning_rate": {100: 2.0},
        "losses/training": {100: 3.0},
        "losses/hint_hidden": {100: 4.0},
        "losses/hint_align": {100: 5.0},
        "hint/gate_fraction": {100: 6.0},
        "hint/student_cosine": {100: 7.0},
        "hint/teacher_cosine": {100: 8.0},
        "gradient_norm": {100: 9.0},
        "global_step/sec": {100: 10.0},
        "tokens/sec": {100: 11.0},
        "input_stats/targets_nonpadding_tokens": {100: 12.0},
        "another": {100: 13.0},
    }
    assert not (tmp_path / "eval").exists()


def test_the_objectives_numbers_have_their_own_tags(tmp_path):
    summaries = Summaries(tmp_path, scalars=[Scalar("ctc", "losses/training")])
    summaries.training(5, {"ctc": 2.0, "nll": 3.0})
    assert read_scalars(tmp_path) == {"losses/training": {5: 2.0}, "nll": {5: 3.0}}


def test_evaluation_goes_to_its_own_directory(tmp_path):
    summaries = Summaries(tmp_path)
    summaries.evaluation(7, "translate_toy", {"loss": 1.5, "accuracy": 0.25})
    assert read_scalars(tmp_path / "eval") == {
        "loss": {7: 1.5},
        "metrics-translate_toy/targets/accuracy": {7: pytest.approx(0.25)},
    }
    assert read_scalars(tmp_path) == {}


SCALARS = (Scalar("nll", "losses/training"), Scalar("gate_fraction", "hint/gate_fraction"))


def test_curves_come_back_as_they_were_logged(tmp_path):
    summaries = Summaries(tmp_path, scalars=SCALARS)
    for step in (10, 20):
        summaries.training(step, {"nll": 5.0 / step, "gate_fraction": 0.5, "loss": 1.0})
    assert training_history(tmp_path, SCALARS) == {
        "nll": ([10, 20], [0.5, 0.25]),
        "gate_fraction": ([10, 20], [0.5, 0.5]),
    }


def test_of_a_resumed_run_the_last_word_counts(tmp_path):
    Summaries(tmp_path, scalars=SCALARS).training(10, {"nll": 4.0})
    Summaries(tmp_path, scalars=SCALARS).training(20, {"nll": 3.0})
    resumed = Summaries(tmp_path, scalars=SCALARS)
    resumed.training(20, {"nll": 2.0})
    resumed.training(30, {"nll": 1.0})
    assert training_history(tmp_path, SCALARS) == {"nll": ([10, 20, 30], [4.0, 2.0, 1.0])}


def test_a_run_without_summaries_has_no_curves(tmp_path):
    assert training_history(tmp_path / "missing", SCALARS) == {}
    assert training_history(tmp_path, SCALARS) == {}
