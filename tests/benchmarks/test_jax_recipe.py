"""What is given to, and taken from, a machine that trains without TensorFlow."""

import dataclasses
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.training.checkpoints import read_model_values
from tests.reproduce.tiny_recipe import TINY_RECIPE as RECIPE

FILE = Path(__file__).parents[2] / "benchmarks" / "jax_recipe.py"


@pytest.fixture(scope="module")
def jax_recipe():
    spec = importlib.util.spec_from_file_location("jax_recipe", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pipeline(jax_recipe, tmp_path_factory):
    registry.load_plugins()
    made = jax_recipe.TrainedElsewhere(RECIPE, tmp_path_factory.mktemp("gpu"), "", seed=7)
    made._datagen()
    return made


def test_what_is_packed_are_the_shards_sentences(pipeline):
    packed = np.load(pipeline.pack())
    sides = [
        np.split(packed[f"real/{side}/ids"], packed[f"real/{side}/ends"][:-1])
        for side in ("inputs", "targets")
    ]
    encoder = pipeline.problem.get_feature_encoders(pipeline.data_dir)["targets"]
    texts = [
        tuple(encoder.decode(ids[:-1].tolist()) for ids in pair)
        for pair in zip(*sides, strict=True)
    ]
    assert texts == pipeline.problem.text_pairs(pipeline.data_dir, "train")
    assert all(ids[-1] == 1 for side in sides for ids in side)
    facts = json.loads(str(packed["facts"]))
    assert facts["recipe"] == "tiny" and facts["vocab_size"] == encoder.vocab_size
    assert not [name for name in packed.files if name.startswith("distilled")]


def test_weights_from_elsewhere_become_the_average(pipeline, jax_recipe):
    student = RECIPE.system("student_nll")
    with pytest.raises(jax_recipe.WeightsMissingError):
        pipeline._train(student)
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3)
    history = {"steps": 2, "device": "a GPU", "log": [{"step": 2}]}
    pipeline.weights_dir.mkdir()
    np.savez(
        pipeline.weights_dir / "student_nll.npz",
        history=json.dumps(history),
        **{"encoder/layer_0/kernel": kernel},
    )
    real = dataclasses.replace(student, distilled=False)
    trained = pipeline._train(real)
    # A reversed sequence is as long as the sequence.
    assert trained == {"length_bias": 0, "trained": history}
    values = read_model_values(str(pipeline.output_dir / "student_nll" / "avg" / "model.ckpt-2"))
    np.testing.assert_array_equal(values["encoder/layer_0/kernel"], kernel)
    told = pipeline.settings()
    assert told["student_nll"]["training"] == {"steps": 2, "device": "a GPU"}
    assert "training" not in told["student_align"] and "trained_by" in told[""]
