"""What t2t-calibrate says; what it measures: tests/e2e/test_training.py."""

from t2t_hint_nart.hints.calibration import Calibration
from t2t_hint_nart.training import calibrated_run
from tests.bin.conftest import PROBLEM
from tests.commands import succeed


def test_the_weights_are_a_proposal_that_nothing_reads(monkeypatch):
    terms = {"nll": 6.0, "hint_hidden": 0.5, "hint_align": 3.0}
    weights = {"hint_hidden_weight": 12.0, "hint_align_weight": 2.0}
    found = Calibration(terms, weights, 10)
    monkeypatch.setattr(calibrated_run, "calibrate_run", lambda run, batches: found)
    *measured, proposal, advice = succeed(
        "t2t-calibrate",
        problem=PROBLEM,
        data_dir="nowhere",
        hparams_set="transformer_nat_small_hints",
        hparams="hint_hidden_weight=4",
        teacher_export_dir="nowhere",
    ).splitlines()
    assert [line.split() for line in measured] == [[k, f"{v:.4f}"] for k, v in terms.items()]
    assert proposal == (
        "Equal scales over 10 batches: --hparams=hint_hidden_weight=12,hint_align_weight=2"
    )
    assert advice.startswith(
        "Not in use: the set has hint_hidden_weight=4,hint_align_weight=1, which training takes "
        "unless --hparams says otherwise."
    )
