"""What a run of the benchmark measures with: engines, exports, sentences."""

import dataclasses
import functools
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

from speed.machine import commit
from speed.models import VOCAB_SIZE, sentence
from speed.turns import ALL, FOLDER, ONE, Engine, LeftOutError, Process

TRAINED = "trained"
TEST_SENTENCES = 1000
_SENTENCES = "sentences.json"


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """What is wanted.

    Attributes:
        work_dir: of exports and the log.
        sizes: with random weights.
        run_dir: of trained weights, or None.
        student: system there.
        rounds: of turns.
        before: commit whose student's SavedModel is timed too, or "".
        peer_python: interpreter with peers.
        engines: a pattern of the names of those that are measured.
        quick: whether it is only to be seen that all works.
    """

    work_dir: Path
    sizes: tuple[str, ...]
    run_dir: Path | None
    student: str
    rounds: int
    before: str
    peer_python: str
    engines: str
    quick: bool

    @classmethod
    def of(cls, arguments, work_dir):
        """The run that a command line wants."""
        names = [field.name for field in dataclasses.fields(cls)]
        wanted = {name: getattr(arguments, name, None) for name in names}
        wanted |= {"work_dir": work_dir.resolve(), "sizes": tuple(arguments.sizes.split(","))}
        # Not resolved: an environment's interpreter is a link.
        wanted |= {"peer_python": str(Path(shutil.which(arguments.peer_python)).absolute())}
        if arguments.quick:
            wanted |= {"sizes": ("tiny",), "rounds": 2}
        return cls(**wanted)

    @property
    def command(self):
        """The command line."""
        return shlex.join(["python", *sys.argv])

    @property
    def vocab_size(self):
        """V, of random weights."""
        return 200 if self.quick else VOCAB_SIZE

    @property
    def all_sizes(self):
        """Trained weights first, if there are some."""
        return ((TRAINED,) if self.run_dir else ()) + self.sizes

    def wanted(self, engines):
        """Those engines whose names have what is wanted."""
        return [engine for engine in engines if re.search(self.engines, engine.name)]

    @property
    def threads_measured(self):
        """ONE and ALL."""
        return (ONE,) if self.quick else (ONE, ALL)

    @functools.cached_property
    def gpus(self):
        """Names of those that TensorFlow sees."""
        return [] if self.quick else self.once("speed.machine:gpus", {}, threads=ALL)

    def say(self, line):
        """Tell how far it is."""
        print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)

    def process(self, engines, threads=ONE, **kwargs):
        """A process of engines; args as `Process`."""
        pinned = threads == ONE and not self.gpus
        log = self.work_dir / "log.txt"
        return Process(engines, log=log, threads=threads, pinned=pinned, **kwargs)

    def once(self, make, case, **kwargs):
        """What an engine without arguments returns of a case; args as `Process`.

        Raises:
            LeftOutError: it can't be called.
        """
        with self.process([Engine(make, make, {}, make)], **kwargs) as process:
            if process.left_out:
                raise LeftOutError(process.left_out[make])
            return process.ask(make, case)["result"]

    def folder(self, size):
        """Where the exports of a size by this commit are: teacher/<runtime>, student/<runtime>."""
        return self.work_dir / (commit() or "exports") / size

    def export(self, size, paths):
        """Make those exports of a size that aren't there yet.

        Args:
            size: of SIZES, or TRAINED.
            paths: of exports, below `folder`.
        """
        folder, runtimes = self.folder(size), {"teacher": [], "student": []}
        for path in dict.fromkeys(map(Path, paths)):
            if not path.exists() and path.parent.parent == folder:
                runtimes[path.parent.name].append(path.name)
        if any(runtimes.values()):
            self.say(f"exporting {size}: {runtimes}")
            found = self._export(size, folder, runtimes)
            (folder / _SENTENCES).write_text(json.dumps(found))

    def export_before(self, size):
        """The student's SavedModel as the earlier commit makes it, below `folder`; or None."""
        if not self.before:
            return None
        folder = self.folder(size) / f"before_{self.before}"
        library = self.work_dir / f"library_{self.before}"
        if not folder.exists():
            self.say(f"exporting {size} by {self.before}")
            _build(self.before, library)
            runtimes = {"teacher": [], "student": ["saved_model"]}
            self._export(size, folder, runtimes, environment={"PYTHONPATH": str(library)})
        return folder / "student" / "saved_model"

    def _export(self, size, folder, runtimes, **kwargs):
        case = {"folder": str(folder), "runtimes": runtimes}
        if size == TRAINED:
            case |= {"run_dir": str(self.run_dir.resolve()), "student": self.student}
            case |= {"sentences": TEST_SENTENCES}
            return self.once("speed.models:trained_exports", case, threads=ALL, **kwargs)
        case |= {"size": size, "vocab_size": self.vocab_size}
        return self.once("speed.models:random_exports", case, threads=ALL, **kwargs)

    def sentences(self, size, length=25, count=1):
        """Test sentences of trained weights; made-up ones of so many subwords for random ones."""
        if size == TRAINED:
            return json.loads((self.folder(size) / _SENTENCES).read_text())[:count]
        return [sentence(length, seed, self.vocab_size) for seed in range(count)]


def _build(revision, library):
    """The package as it was at a revision, as it is installed.

    Raises:
        LeftOutError: there is no such revision.
    """
    if library.exists():
        return
    source = library.with_name(library.name + "_source")
    source.mkdir(parents=True, exist_ok=True)
    command = ["git", "-C", str(FOLDER.parent), "archive", revision]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode:
        raise LeftOutError(f"--before={revision}: {archive.stderr.decode().strip()}")
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_py", f"--build-lib={library}"],
        cwd=source,
        check=True,
    )
