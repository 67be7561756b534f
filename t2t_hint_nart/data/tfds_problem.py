"""Translation problems whose sentences come out of a TFDS builder."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from t2t_hint_nart.data.dataset_split import DatasetSplit
from t2t_hint_nart.data.problem import PathLike
from t2t_hint_nart.data.translate_problem import TranslateProblem
from t2t_hint_nart.errors import InputError

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


class TfdsTranslateProblem(TranslateProblem):
    """Base class of translation problems on a TFDS builder with a `Translation` feature.

    A subclass sets `languages` and `tfds_name`, or overrides `builder`.

    Attributes:
        tfds_name: name of the builder, with its config if it has any, as tfds.builder takes it.
        tfds_splits: this package's split -> the builder's.
    """

    tfds_name: ClassVar[str] = ""
    tfds_splits: ClassVar[dict[str, str]] = {
        DatasetSplit.TRAIN: "train",
        DatasetSplit.EVAL: "validation",
        DatasetSplit.TEST: "test",
    }

    def builder(self, tmp_dir: PathLike) -> "tfds.core.DatasetBuilder":
        """Return the builder, which keeps its own files under `<tmp_dir>/tfds`.

        Args:
            tmp_dir: folder of downloads and other raw material.
        """
        import tensorflow_datasets as tfds

        return tfds.builder(self.tfds_name, data_dir=self.tfds_dir(tmp_dir))

    def tfds_dir(self, tmp_dir: PathLike) -> str:
        """Return the folder where the builder keeps its files."""
        return str(Path(tmp_dir) / "tfds")

    def fetch_manual_files(self, tmp_dir: PathLike) -> None:
        """Put what the builder expects in its manual directory into tmp_dir; here, nothing.

        Args:
            tmp_dir: folder of downloads, the builder's manual directory.
        """

    def prepare(self, tmp_dir: PathLike) -> "tfds.core.DatasetBuilder":
        """Return the builder with its data downloaded and prepared.

        Args:
            tmp_dir: folder of downloads and other raw material.
        """
        import tensorflow_datasets as tfds

        if not sys.stderr.isatty():
            tfds.disable_progress_bar()
        builder = self.builder(tmp_dir)
        if not builder.data_path.exists():  # is_prepared() warns if it is not
            self.fetch_manual_files(tmp_dir)
            config = tfds.download.DownloadConfig(manual_dir=tmp_dir)
            # TFDS prints that it prepares; stdout is for a command's result.
            with contextlib.redirect_stdout(sys.stderr):
                builder.download_and_prepare(download_config=config)
        return builder

    def generate_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of a split, in the builder's order.

        Args:
            data_dir: unused.
            tmp_dir: folder of downloads and other raw material.
            dataset_split: "train", "dev" or "test".

        Raises:
            InputError: the builder has no such split.
        """
        import tensorflow_datasets as tfds

        del data_dir
        source, target = self.languages
        builder = self.prepare(tmp_dir)
        split = self.tfds_splits[dataset_split]
        if split not in builder.info.splits:
            raise InputError(
                f"TFDS builder '{builder.name}' has no split '{split}'; "
                f"it has {', '.join(builder.info.splits)}"
            )
        in_order = tfds.ReadConfig(interleave_cycle_length=1)
        for pair in tfds.as_numpy(builder.as_dataset(split=split, read_config=in_order)):
            yield {
                "inputs": pair[source].decode("utf-8"),
                "targets": pair[target].decode("utf-8"),
            }
