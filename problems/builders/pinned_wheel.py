"""A wheel on the Python package index, fetched as data and never installed.

In: a name, a version and a checksum. Out: the path of a file that has that checksum, or one line
that says why not. Must not import TensorFlow.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from t2t_hint_nart.errors import InputError


@dataclass(frozen=True)
class PinnedWheel:
    """One version of a pure-Python wheel.

    Attributes:
        name: the project's name on the index.
        version: the version.
        sha256: of the wheel file, in hex.
    """

    name: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """Name of the wheel file."""
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"

    def fetch(self, directory: str | os.PathLike[str]) -> Path:
        """Return the wheel's path in a directory, downloading it with pip if it is not there.

        Args:
            directory: where it is looked for and put; made if need be.

        Raises:
            InputError: it cannot be downloaded, or the file has another checksum.
        """
        path = Path(directory) / self.filename
        if path.exists():
            self._check(path)
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as scratch:
            downloaded = Path(scratch) / self.filename
            self._download(downloaded, path)
            self._check(downloaded)
            downloaded.replace(path)
        return path

    def _download(self, downloaded: Path, wanted: Path) -> None:
        requirement = f"{self.name}=={self.version}"
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        command += ["--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
        command += ["--retries=1", "--timeout=15", f"--dest={downloaded.parent}", requirement]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode or not downloaded.exists():
            raise InputError(
                f"could not download {requirement} with pip ({_complaint(result.stderr)}); run "
                f"again with a network, or get {self.filename} elsewhere and put it at '{wanted}'"
            )

    def _check(self, path: Path) -> None:
        received = hashlib.sha256(path.read_bytes()).hexdigest()
        if received != self.sha256:
            raise InputError(
                f"{path.name} is not the file this problem is made of: its sha256 is {received}, "
                f"expected {self.sha256}; remove '{path}' if it is there"
            )


def _complaint(stderr: str) -> str:
    """Return the cause among what pip printed."""
    if "connection broken" in stderr:
        return "no connection to the package index"
    lines = stderr.strip().splitlines()
    errors = [line for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["no such wheel came"])[-1]
