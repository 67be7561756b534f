"""TFDS builder of the sentences of auf-deutsch, a German course for speakers of English.

They are in a wheel on the Python package index, which is fetched as data and never installed.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import parse_json
from t2t_hint_nart.problems.builders.course_pairs import course_pairs
from t2t_hint_nart.problems.builders.held_out import held_out_splits
from t2t_hint_nart.problems.builders.parallel_text_builder import ParallelTextBuilder
from t2t_hint_nart.text.archives import naming_archive


@dataclass(frozen=True)
class PinnedWheel:
    """One version of a pure-Python wheel; `name` is the project on the index, `sha256` in hex."""

    name: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """Name of the wheel file."""
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"

    def fetch(self, directory: str | os.PathLike[str]) -> Path:
        """Return the wheel's path in a directory, downloading it with pip if it is not there.

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


class AufDeutsch(ParallelTextBuilder):
    """German-English sentence pairs of an A1-A2 course.

    See `translate_deen_quickstart` for what is in it and how it is divided. The wheel is looked
    for in the manual directory, and its checksum compared.
    """

    HOMEPAGE = "https://github.com/jrootn/auf-deutsch"
    LICENSE = "MIT"
    IN_ORDER = False
    MANUAL_DOWNLOAD_INSTRUCTIONS = "pip download --no-deps auf-deutsch==0.1.1"

    WHEEL: ClassVar[PinnedWheel] = PinnedWheel(
        "auf-deutsch", "0.1.1", "40cce489e545180041c4aed11315f95bb229cf456af2c0c5ef294938f452382b"
    )
    HELD_OUT: ClassVar[dict[str, int]] = {"test": 200, "validation": 150}

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        wheel = self.WHEEL.fetch(dl_manager.manual_dir)
        splits = held_out_splits(course_pairs(read_contents(wheel)), self.HELD_OUT, "train")
        return {name: self._generate_examples(pairs) for name, pairs in splits.items()}


def read_contents(wheel: Path) -> list[Any]:
    """Return the parsed content files of the course's wheel, in the order of their names."""
    contents = []
    with naming_archive(wheel, "the course"), zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            parts = Path(name).parts
            if parts[:2] == ("auf_deutsch", "content") and len(parts) == 4:
                contents.append(parse_json(archive.read(name), object, f"{wheel}'s {name}"))
    if not contents:
        raise InputError(f"{str(wheel)!r} holds no auf_deutsch/content/*/*.json")
    return contents


def _complaint(stderr: str) -> str:
    """Return the cause among what pip printed."""
    if "connection broken" in stderr:
        return "no connection to the package index"
    lines = stderr.strip().splitlines()
    errors = [line for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["no such wheel came"])[-1]
