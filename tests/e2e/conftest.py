"""One small experiment, run by t2t-reproduce and killed on the way, whose results the tests share.

Nothing is changed in its directory by a test: what a test writes goes elsewhere.
"""

import contextlib
import dataclasses
import functools
import sys
from pathlib import Path

import pytest

from t2t_hint_nart.exports.capabilities import ExportedScorer, ExportedTranslator, HintGiver
from t2t_hint_nart.exports.metadata import SCORES
from tests.commands import Ended, run_command
from tests.made_once import loaded_once, made_once, shared_dir

PROBLEM = "algorithmic_reverse_tiny"
TEACHER_SET = "transformer_miniature"
STUDENT_SET = "transformer_nat_miniature"
STUDENT = "student_align_hid"
BEAM = "extra_length=4"
USR_DIR = str(Path(__file__).parent / "miniature")


class LoadedExport(ExportedTranslator):
    """An export with all that it can do."""

    def __init__(self, export_dir):
        super().__init__(export_dir)
        self.call, self.translate = self.export.call, self.export.translate
        self.hints = HintGiver(self.export).hints
        if SCORES in self.metadata.capabilities:
            scorer = self.scorer = ExportedScorer(self.export)
            self.score, self.encode = scorer.score, scorer.encode
            self.score_encoded = scorer.score_encoded


class Killed(SystemExit):
    """The process is gone, as far as the program can tell."""

    def __init__(self):
        super().__init__(137)


def dying(method, calls):
    """The method, which works `calls` times and then ends the process."""
    done = []

    @functools.wraps(method)
    def call(*args, **kwargs):
        if len(done) == calls:
            raise Killed
        done.append(1)
        return method(*args, **kwargs)

    return call


def killed_distillation(patch):
    patch.setattr(ExportedTranslator, "decode", dying(ExportedTranslator.decode, 3))


def killed_decoding(patch):
    from t2t_hint_nart.serving.translator import Translator

    patch.setattr(Translator, "translate_encoded", dying(Translator.translate_encoded, 3))


ENDS = {"distil": killed_distillation, "decode": killed_decoding}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A finished experiment.

    Attributes:
        directory: what t2t-reproduce wrote.
        runs: how each run of it ended: those that were killed, the one that finished, and one
            more. By the stage it was killed in, "finished" and "again".
    """

    directory: Path
    runs: dict[str, Ended]

    @property
    def data_dir(self):
        return str(self.directory / "data")

    def export_dir(self, system):
        return str(self.directory / "export" / system)

    def saved_model(self, system):
        """Its first version."""
        return str(self.directory / "export" / system / "1")

    def pairs(self, split):
        """(source, target) texts."""
        from t2t_hint_nart import registry

        return registry.problem(PROBLEM).text_pairs(self.data_dir, split)

    def flags(self, system):
        """What names a system's model to t2t-decoder and t2t-exporter."""
        is_teacher = system == "teacher"
        return {
            "problem": PROBLEM if is_teacher else f"{PROBLEM}_distill",
            "data_dir": self.data_dir,
            "model": "transformer" if is_teacher else "transformer_nat",
            "hparams_set": TEACHER_SET if is_teacher else STUDENT_SET,
            "output_dir": str(self.directory / system),
            "checkpoint_path": self.checkpoint(system),
        }

    def checkpoint(self, system):
        """The averaged one."""
        from t2t_hint_nart.training.checkpoint_files import find_checkpoint

        return find_checkpoint(self.directory / system / "avg")


def reproduce(directory, **flags):
    return run_command(
        "t2t-reproduce",
        **{"recipe": "miniature", "t2t_usr_dir": USR_DIR, "output_dir": directory, **flags},
    )


def run_experiment(directory):
    """Run the experiment once for each way to die, then to the end, then once more."""
    runs = {}
    with miniature_sets():
        for stage, die in ENDS.items():
            with pytest.MonkeyPatch.context() as patch:
                die(patch)
                runs[stage] = reproduce(directory)
        runs["finished"] = reproduce(directory)
        runs["again"] = reproduce(directory)
    return runs


@contextlib.contextmanager
def miniature_sets():
    """Register the sets and the recipe of miniature/; afterwards nobody knows them."""
    from t2t_hint_nart import registry

    registry.load_plugins()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry._hparams, "_entries", dict(registry._hparams._entries))
        patch.setattr(registry._recipes, "_entries", dict(registry._recipes._entries))
        registry.import_usr_dir(USR_DIR)
        yield
        del sys.modules["miniature"]


@pytest.fixture(autouse=True, scope="module")
def known_sets():
    with miniature_sets():
        yield


@pytest.fixture(scope="session")
def experiment(tmp_path_factory):
    """The experiment, run by the first of pytest's workers that asks for it."""
    directory = shared_dir(tmp_path_factory) / "experiment"
    runs = made_once(directory, run_experiment)
    assert runs["finished"][0] == 0, runs["finished"]
    return Experiment(directory, {name: Ended(*run) for name, run in runs.items()})


@pytest.fixture(scope="session")
def teacher(experiment):
    return LoadedExport(experiment.export_dir("teacher"))


@pytest.fixture(scope="session")
def student(experiment):
    return LoadedExport(experiment.export_dir(STUDENT))


@pytest.fixture(autouse=True, scope="session")
def exports_are_loaded_once(experiment):
    """By the tests; the experiment itself loads them anew in every stage."""
    with loaded_once(experiment.directory / "export"):
        yield
