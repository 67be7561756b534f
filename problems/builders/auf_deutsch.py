"""TFDS builder of the sentences of auf-deutsch, a German course for speakers of English."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.problems.builders.course_pairs import Pair, course_pairs
from t2t_hint_nart.problems.builders.held_out import held_out_splits
from t2t_hint_nart.problems.builders.pinned_wheel import PinnedWheel


class AufDeutsch(tfds.core.GeneratorBasedBuilder):
    """German-English sentence pairs of an A1-A2 course.

    See `translate_deen_quickstart` for what is in it and how it is divided. The wheel is looked
    for in the manual directory, and its checksum compared.
    """

    VERSION = tfds.core.Version("1.0.0")
    # TFDS would derive it from the module's name, which an editable installation maps elsewhere.
    pkg_dir_path = tfds.core.Path(__file__).parent
    MANUAL_DOWNLOAD_INSTRUCTIONS = "pip download --no-deps auf-deutsch==0.1.1"

    WHEEL: ClassVar[PinnedWheel] = PinnedWheel(
        "auf-deutsch", "0.1.1", "40cce489e545180041c4aed11315f95bb229cf456af2c0c5ef294938f452382b"
    )
    HELD_OUT: ClassVar[dict[str, int]] = {"test": 200, "validation": 150}

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.Translation(languages=("de", "en")),
            supervised_keys=("de", "en"),
            homepage="https://github.com/jrootn/auf-deutsch",
            license="MIT",
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        wheel = self.WHEEL.fetch(dl_manager.manual_dir)
        splits = held_out_splits(course_pairs(read_contents(wheel)), self.HELD_OUT, "train")
        return {name: self._generate_examples(pairs) for name, pairs in splits.items()}

    def _generate_examples(self, pairs: list[Pair]) -> Iterator[tuple[int, dict[str, str]]]:
        for index, (german, english) in enumerate(pairs):
            yield index, {"de": german, "en": english}


def read_contents(wheel: Path) -> list[Any]:
    """Return the parsed content files of the course, in the order of their names.

    Args:
        wheel: path of the wheel file.

    Raises:
        InputError: the file is no wheel, or has no content or content that is not JSON.
    """
    contents = []
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(archive.namelist()):
                parts = Path(name).parts
                if parts[:2] == ("auf_deutsch", "content") and len(parts) == 4:
                    contents.append(json.loads(archive.read(name)))
    except (zipfile.BadZipFile, ValueError) as error:
        raise InputError(f"cannot read the course in {str(wheel)!r}: {error}") from None
    if not contents:
        raise InputError(f"{str(wheel)!r} holds no auf_deutsch/content/*/*.json")
    return contents
