"""TFDS's own checks of the builder, on a made-up wheel."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.problems.builders.auf_deutsch import AufDeutsch
from tests.problems.course_wheel import FILENAME, write_wheel


class AufDeutschTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = AufDeutsch
    SPLITS: ClassVar = {"train": 32, "validation": 4, "test": 6}
    SKIP_CHECKSUMS = True

    @classmethod
    def setUpClass(cls):
        cls.EXAMPLE_DIR = tempfile.mkdtemp()
        cls.pinned = AufDeutsch.WHEEL, AufDeutsch.HELD_OUT
        sha256 = write_wheel(Path(cls.EXAMPLE_DIR) / FILENAME)
        AufDeutsch.WHEEL = replace(AufDeutsch.WHEEL, sha256=sha256)
        AufDeutsch.HELD_OUT = {"test": 6, "validation": 4}
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        AufDeutsch.WHEEL, AufDeutsch.HELD_OUT = cls.pinned
        shutil.rmtree(cls.EXAMPLE_DIR)
