"""An untrained teacher and student with data, checkpoints and everything else commands ask for."""

import dataclasses
import functools
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.made_once import loaded_once, made_once, shared_dir

PAIRS = {
    "train": [
        ("der Hund bellt laut .", "the dog barks loudly ."),
        ("die Katze schläft .", "the cat sleeps ."),
        ("der Hund schläft .", "the dog sleeps ."),
        ("die Katze bellt nicht .", "the cat does not bark ."),
        ("der Vogel singt laut .", "the bird sings loudly ."),
    ]
    * 3,
    "eval": [("der Vogel schläft .", "the bird sleeps ."), ("die Katze .", "the cat .")],
    "test": [("die Katze singt .", "the cat sings .")],
}
PROBLEM = "text2text_tmpdir"
STEPS = (10, 20)
MODELS = {
    "transformer": "transformer_test",
    "transformer_nat": "transformer_nat_small",
}
# Of exports.
DECODES = {
    "transformer": "beam_size=2,extra_length=2,max_input_size=50",
    "transformer_nat": "length_bias=0",
}
FOREIGN = "f" * 64
SIZES = {"hidden_size": 16, "filter_size": 16, "num_heads": 2, "num_hidden_layers": 2}


@dataclass(frozen=True)
class Workshop:
    """Paths of an untrained pair of models.

    Attributes:
        data_dir: vocabulary and shards.
        runs: output_dir by model, each with checkpoints of STEPS.
    """

    data_dir: Path
    runs: dict[str, Path]

    def flags(self, model="transformer"):
        """What says which model is meant."""
        return [
            f"--problem={PROBLEM}",
            f"--data_dir={self.data_dir}",
            f"--model={model}",
            f"--hparams_set={MODELS[model]}",
            f"--output_dir={self.runs[model]}",
        ]


def _write_run(directory, model_name, problem, data_dir):
    import tensorflow as tf

    from t2t_hint_nart import registry
    from t2t_hint_nart.data.problem_identity import identity_of
    from t2t_hint_nart.models.build import build_model
    from t2t_hint_nart.models.variables import named_variables
    from t2t_hint_nart.output_dir import write_flags, write_hparams
    from t2t_hint_nart.training.checkpoint_facts import write_facts

    hparams = registry.hparams(MODELS[model_name]).override_from_dict(SIZES)
    if "length_bias" in hparams:
        hparams.length_bias = 1
    encoders = problem.get_feature_encoders(data_dir)
    for step in STEPS:
        random.seed(step)
        model = build_model(model_name, hparams, problem, encoders)
        values = {name: v.value for name, v in named_variables(model).items()}
        path = tf.train.CheckpointManager(
            tf.train.Checkpoint(model=values), str(directory), None, checkpoint_name="model.ckpt"
        ).save(checkpoint_number=step)
        write_facts(path, identity_of(problem, encoders))
    write_hparams(directory, hparams)
    write_flags(directory, f"--model={model_name}\n")


def _write_workshop(root):
    from t2t_hint_nart import registry

    text, data_dir = root / "text", root / "data"
    text.mkdir(parents=True)
    for split, pairs in PAIRS.items():
        for side, lines in zip(("inputs", "targets"), zip(*pairs, strict=True), strict=True):
            (text / f"{side}.{split}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    problem = registry.problem(PROBLEM)
    problem.generate_data(data_dir, text)
    for model in MODELS:
        (root / model).mkdir()
        _write_run(root / model, model, problem, data_dir)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """A worker's own, as commands lock the directories that they write to."""
    made = shared_dir(tmp_path_factory) / "workshop"
    made_once(made, _write_workshop)
    root = shutil.copytree(made, tmp_path_factory.mktemp("own") / "workshop")
    return Workshop(root / "data", {model: root / model for model in MODELS})


@pytest.fixture(scope="session")
def export_model(workshop, tmp_path_factory):
    """From a model and a format to the version of its export."""
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams
    from t2t_hint_nart.serving.export import export
    from t2t_hint_nart.serving.trained_model import load_trained

    problem, exports = registry.problem(PROBLEM), shared_dir(tmp_path_factory) / "exports"

    def exported(model, runtime):
        def write(directory):
            hparams = registry.hparams(MODELS[model]).override_from_dict(SIZES)
            run = str(workshop.runs[model])
            trained = load_trained(model, hparams, problem, str(workshop.data_dir), run)
            wanted = decode_hparams(DECODES[model], registry.strategy_of(model))
            return export(trained, wanted, directory, runtime)

        return made_once(exports / model / runtime, write)

    with loaded_once(exports):
        yield exported


@pytest.fixture(scope="session")
def export_teacher(export_model):
    """From a format to the version of the teacher's export in it."""
    return functools.partial(export_model, "transformer")


@pytest.fixture(scope="session")
def teacher_export(export_teacher):
    """The teacher as a SavedModel."""
    return export_teacher("saved_model")


@pytest.fixture(scope="session")
def ctranslate2_export(export_teacher):
    """The teacher for CTranslate2."""
    pytest.importorskip("ctranslate2")
    return export_teacher("ctranslate2")


@pytest.fixture
def no_pictures(monkeypatch):
    """Evaluations draw nothing, which takes longer than they do."""
    from t2t_hint_nart.training import experiment

    monkeypatch.setattr(experiment, "make_pictures", lambda *arguments: dict)


def says_otherwise(export_dir, target, **facts):
    """A copy of an export's metadata, changed, beside functions of nothing: it opens in no time."""
    import tensorflow as tf

    from t2t_hint_nart.exports.metadata import ENCODE, SCORE_ENCODED, read_metadata

    nothing = tf.function(lambda: {"nothing": tf.zeros([])}, input_signature=[])
    signatures = {ENCODE: nothing, SCORE_ENCODED: nothing}
    tf.saved_model.save(tf.Module(), str(target), signatures=signatures)
    dataclasses.replace(read_metadata(export_dir), digests={}, **facts).write(target)
    return target


@pytest.fixture
def foreign_teacher(teacher_export, tmp_path):
    """One that says that its vocabulary is another one of as many subtokens."""
    from t2t_hint_nart.exports.metadata import read_metadata

    vocabularies = {
        side: {**vocabulary, "fingerprint": FOREIGN}
        for side, vocabulary in read_metadata(teacher_export).vocabularies.items()
    }
    return says_otherwise(teacher_export, tmp_path / "foreign", vocabularies=vocabularies)


@pytest.fixture
def opposite_teacher(teacher_export, tmp_path):
    """One that says that it translates the other way round."""
    return says_otherwise(teacher_export, tmp_path / "opposite", problem=f"{PROBLEM}_rev")
