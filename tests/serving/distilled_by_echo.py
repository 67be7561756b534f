"""Distillation by a teacher without a model (echo_export.py), which can be held up."""

import dataclasses
import shutil
import threading
import time
from pathlib import Path

from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.data.problem_identity import vocabularies_of
from t2t_hint_nart.exports.capabilities import ExportedTranslator
from t2t_hint_nart.exports.metadata import read_metadata
from t2t_hint_nart.serving.distillation import DistantTeacher, distill
from t2t_hint_nart.serving.teacher_workers import WorkerSettings, decoded_by_workers
from tests.data.lines_problem import PAIRS, LinesProblem
from tests.serving.echo_export import BEGUN, HOLD

USR_DIR = str(Path(__file__).parent / "echo")
BATCH_SIZE = 3
_PATIENCE = 60.0


class ManyLines(LinesProblem):
    """Forty sentences, which are fourteen batches."""

    pairs = PAIRS | {"train": PAIRS["train"] * 8}

    @property
    def base_name(self):
        return "lines_problem"


class EchoDistillation:
    """Data and a teacher that translates them.

    Attributes:
        ended: what the last distillation told of workers that have ended.
        settings: of its workers.
    """

    def __init__(self, directory, export):
        self._data_dir, self._version, self._copies = directory / "data", export / "3", 0
        problem = ManyLines()
        problem.generate_data(self._data_dir, self._data_dir)
        vocabularies = vocabularies_of(problem.get_feature_encoders(self._data_dir))
        facts = dataclasses.replace(
            read_metadata(export), problem=problem.name, vocabularies=vocabularies
        )
        facts.write(self._version)
        self.fingerprint = facts.weights_fingerprint
        self.settings = WorkerSettings(str(self._version), (USR_DIR,))
        self.ended = []

    def _tell(self, line):
        # How far it is depends on the time that it takes.
        if not line.startswith("distil: "):
            self.ended.append(line)

    def shards(self, workers=None, number=0):
        """Distil anew, in this process or by workers, and return the bytes of the shards."""
        self._copies += 1
        self.ended = []
        data_dir = shutil.copytree(self._data_dir, self._data_dir.with_name(f"data_{self._copies}"))
        problem = DistillProblem(ManyLines())
        problem.progress = self._tell
        if workers is None:
            teacher, decode = ExportedTranslator(str(self._version)), None
        else:
            teacher = DistantTeacher(str(self._version))

            def decode(batches):
                return decoded_by_workers(workers, number, self.fingerprint, batches, self._tell)

        assert distill(teacher, problem, str(data_dir), BATCH_SIZE, decode=decode) == 40
        return {path.name: path.read_bytes() for path in data_dir.glob("*_distill-train-*")}

    def held_up(self, number, do):
        """Have every worker wait with its first batch; once `number` of them do, do something.

        Args:
            number: of workers.
            do: gets their process numbers; then they go on.
        """
        (self._version / HOLD).touch()

        def watch():
            deadline = time.monotonic() + _PATIENCE
            begun = []
            while len(begun) < number and time.monotonic() < deadline:
                begun = sorted(self._version.glob(f"{BEGUN}-*"))
                time.sleep(0.01)
            try:
                do([int(path.name.rsplit("-")[1]) for path in begun])
            finally:
                for path in begun:
                    path.unlink()
                (self._version / HOLD).unlink()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        return thread
