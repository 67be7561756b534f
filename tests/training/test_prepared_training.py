"""What a model makes of its training data is made when training starts, and found on resume."""

import dataclasses
import io

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.data.word_alignment import WordAlignment
from t2t_hint_nart.models import transformer_nat_fertility
from t2t_hint_nart.models.transformer_nat_fertility import ALIGNMENT_FILE
from t2t_hint_nart.training.experiment import Experiment
from t2t_hint_nart.training.loop import LoopSettings
from t2t_hint_nart.training.run import Run
from tests.models.tiny_networks import tiny_hparams

pytestmark = pytest.mark.usefixtures("eager_functions")


def test_a_run_keeps_its_alignment(tmp_path, monkeypatch):
    registry.load_plugins()
    problem = registry.problem("algorithmic_copy_tiny")
    problem.generate_data(tmp_path / "data", tmp_path / "tmp")
    hparams = tiny_hparams("transformer_nat_fertility_multi30k", batch_size=64)
    model = "transformer_nat_fertility"
    run = Run(model, hparams, problem, str(tmp_path / "data"), str(tmp_path / "run"))

    def train(steps):
        experiment = Experiment(run, io.StringIO())
        assert experiment.learner.network.word_alignment is None
        assert experiment.run.hparams.length_bias == 0
        settings = LoopSettings(train_steps=steps, checkpoint_steps=1)
        assert experiment.train(settings, eval_steps=0) == steps
        return experiment.learner.network.word_alignment

    assert not (tmp_path / "run").exists()
    first = train(1)
    assert (tmp_path / "run" / ALIGNMENT_FILE).exists()
    with monkeypatch.context() as patch:
        patch.delattr(transformer_nat_fertility, "measure_word_alignment")
        again = train(2)
    assert again.keys.tolist() == first.keys.tolist() and again.tension == first.tension
    # Killed before its first checkpoint, the run begins again with other data.
    kept = tmp_path / "run" / ALIGNMENT_FILE
    dataclasses.replace(first, tension=9.0, digest="of others").write(kept)
    for file in [*(tmp_path / "run").glob("model.ckpt-*"), tmp_path / "run" / "checkpoint"]:
        file.unlink()
    fresh = train(1)
    assert (fresh.tension, fresh.digest) == (first.tension, first.digest)
    assert WordAlignment.read(kept).digest == first.digest != ""
