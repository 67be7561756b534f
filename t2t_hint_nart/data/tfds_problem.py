"""Translation problems whose sentences come out of a TFDS builder, or of text files if given."""

import contextlib
import logging
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from t2t_hint_nart.data.problem import DatasetSplit, PathLike, train_dev_test
from t2t_hint_nart.data.translate_problem import TranslateProblem
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.lines import sentence

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

# TFDS makes ten, which take more than three minutes where there is no network.
_ATTEMPTS = 4


class TfdsTranslateProblem(TranslateProblem):
    """Base class of translation problems on a TFDS builder with a `Translation` feature.

    A subclass sets `languages` and `tfds_name` or `tfds_class`. Where tmp_dir has the
    problem's `local_files`, they are read instead, and nothing is downloaded.

    Attributes:
        tfds_name: name of the builder, with its config if it has any, as tfds.builder takes it.
        tfds_class: "module:class" of a builder that TFDS doesn't know, imported when needed.
        tfds_config: name of that class's configuration.
        obtainable: what to put into tmp_dir where there is no network.
        tfds_splits: this package's split -> the builder's.
    """

    tfds_name: ClassVar[str] = ""
    tfds_class: ClassVar[str] = ""
    tfds_config: ClassVar[str | None] = None
    dataset_splits = train_dev_test(10)
    obtainable: ClassVar[str] = "the files it needs"
    tfds_splits: ClassVar[dict[str, str]] = {
        DatasetSplit.TRAIN: "train",
        DatasetSplit.EVAL: "validation",
        DatasetSplit.TEST: "test",
    }

    def splits_in(self, tmp_dir: PathLike) -> list[dict[str, Any]]:
        """Return the splits there is text of: text files in tmp_dir may lack the test set."""
        local = self.local_paths(tmp_dir)
        return [part for part in self.dataset_splits if not local or part["split"] in local]

    def text_is_at_hand(self, tmp_dir: PathLike) -> bool:
        """Return whether tmp_dir has text files, or what the builder has prepared."""
        return bool(self.local_paths(tmp_dir)) or self.builder(tmp_dir).data_path.exists()

    def builder(self, tmp_dir: PathLike) -> "tfds.core.DatasetBuilder":
        """Return the builder, which keeps its own files under `<tmp_dir>/tfds`."""
        import tensorflow_datasets as tfds

        folder = str(Path(tmp_dir) / "tfds")
        if not self.tfds_class:
            return tfds.builder(self.tfds_name, data_dir=folder)
        return pkgutil.resolve_name(self.tfds_class)(config=self.tfds_config, data_dir=folder)

    def fetch_manual_files(self, tmp_dir: PathLike) -> None:
        """Put what the builder wants in its manual directory, tmp_dir, there; here, nothing."""

    def prepare(self, tmp_dir: PathLike) -> "tfds.core.DatasetBuilder":
        """Return the builder with its data downloaded and prepared.

        A file that tmp_dir has under its official name is not downloaded.
        """
        import tensorflow_datasets as tfds

        Path(tmp_dir).mkdir(parents=True, exist_ok=True)
        if not sys.stderr.isatty():
            tfds.disable_progress_bar()
        builder = self.builder(tmp_dir)
        if hasattr(builder, "check_archive"):
            builder.check_archive(Path(tmp_dir))
        if not builder.data_path.exists():  # is_prepared() warns if it is not
            self.fetch_manual_files(tmp_dir)
            config = tfds.download.DownloadConfig(manual_dir=tmp_dir)
            what = f"the text of '{self.base_name}'"
            instead = f"put {self.obtainable} into '{tmp_dir}'"
            # TFDS prints that it prepares; stdout is for a command's result.
            with contextlib.redirect_stdout(sys.stderr), _downloading(what, instead):
                builder.download_and_prepare(download_config=config)
        return builder

    def generate_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of a split, in the order of the text files or the builder."""
        del data_dir
        if self.local_paths(tmp_dir):
            yield from self.local_samples(tmp_dir, dataset_split)
        else:
            yield from self.builder_samples(tmp_dir, dataset_split)

    def builder_samples(self, tmp_dir: PathLike, dataset_split: str) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of a split, where tmp_dir has no text files."""
        return self.read_builder(tmp_dir, self.tfds_splits[dataset_split])

    def read_builder(self, tmp_dir: PathLike, tfds_split: str) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of one of the builder's splits, in the builder's order.

        White space around a sentence is dropped, as it is of a text file's lines.
        """
        import tensorflow_datasets as tfds

        source, target = self.languages
        builder = self.prepare(tmp_dir)
        if tfds_split not in builder.info.splits:
            raise InputError(
                f"TFDS builder '{builder.name}' has no split '{tfds_split}'; "
                f"it has {', '.join(builder.info.splits)}"
            )
        in_order = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False)
        for pair in tfds.as_numpy(builder.as_dataset(split=tfds_split, read_config=in_order)):
            yield {
                "inputs": sentence(pair[source].decode("utf-8")),
                "targets": sentence(pair[target].decode("utf-8")),
            }


@contextlib.contextmanager
def _downloading(what: str, instead: str) -> Iterator[None]:
    """Say in an InputError what failed to download inside the block, and what to do instead."""
    import requests
    from tensorflow_datasets.core.download import downloader
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError
    from tensorflow_datasets.core.download.extractor import ExtractError, UnsafeArchiveError
    from tensorflow_datasets.core.download.util import DownloadError

    attempts, downloader.MAX_RETRIES = downloader.MAX_RETRIES, _ATTEMPTS
    # For good: the threads of other files go on after the first failure.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    try:
        yield
    except (requests.RequestException, DownloadError) as error:
        raise InputError(
            f"could not download {what} ({_cause(error)}); run again with a network, or {instead}"
        ) from None
    except (ExtractError, UnsafeArchiveError) as error:
        cause = error.__cause__ or error
        raise InputError(
            f"an archive of {what} is damaged or unsafe: {' '.join(str(cause).split())}; remove it "
            f"to download it again, or {instead}"
        ) from None
    except NonMatchingChecksumError as error:
        raise InputError(
            f"{what} is not what it should be: {' '.join(str(error).split())}"
        ) from None
    finally:
        downloader.MAX_RETRIES = attempts


def _cause(error: Any) -> str:
    url = getattr(getattr(error, "request", None), "url", None)
    host = urlsplit(url).hostname if url else None
    if host and type(error).__name__ in ("ConnectionError", "ConnectTimeout", "ProxyError"):
        return f"no connection to {host}"
    return " ".join(str(error).split())
