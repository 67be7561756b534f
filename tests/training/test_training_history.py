from t2t_hint_nart.losses.term import Scalar
from t2t_hint_nart.training.summaries import Summaries
from t2t_hint_nart.training.training_history import training_history

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
