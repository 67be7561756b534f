"""TFDS builder of Multi30k, task 1: captions of photographs, English and their German translation.

The text is the official repository's at a fixed commit; every file's checksum is compared.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.data.parallel_text import read_pairs
from t2t_hint_nart.problems.builders.parallel_text_builder import ParallelTextBuilder

_RAW = (
    "https://raw.githubusercontent.com/multi30k/dataset/"
    "a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw"
)


class Multi30k(ParallelTextBuilder):
    """German-English captions of Multi30k (Elliott et al. 2016), raw text."""

    HOMEPAGE = "https://github.com/multi30k/dataset"
    LICENSE = "non-commercial research and education"
    STEMS: ClassVar[dict[str, str]] = {
        "train": "train",
        "validation": "val",
        "test": "test_2016_flickr",
    }

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        files = dl_manager.download(
            {
                split: {language: f"{_RAW}/{stem}.{language}.gz" for language in self.LANGUAGES}
                for split, stem in self.STEMS.items()
            }
        )
        return {split: self._generate_examples(self._pairs(files[split])) for split in files}

    def _pairs(self, files: dict[str, Any]) -> Iterator[tuple[str, str]]:
        source, target = (Path(files[language]) for language in self.LANGUAGES)
        return read_pairs(source, target)
