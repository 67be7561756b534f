"""What the TFDS builders of sentence pairs have in common."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.digests import file_digest
from t2t_hint_nart.files.whole_file import write_whole


class ParallelTextBuilder(
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # type: ignore[call-arg]
):
    """Base class of builders whose examples are sentence pairs.

    Attributes:
        LANGUAGES: codes of the two sides, in the order of the pairs.
        HOMEPAGE: where the text is from.
        LICENSE: under what terms it may be used.
        ARCHIVE: name that the one archive has in the manual directory, "" if there are others.
        URL: of that archive.
        IN_ORDER: whether pairs stay in the order they come in; else TFDS shuffles them, once.
    """

    VERSION = tfds.core.Version("1.0.0")
    # TFDS would derive both from the module's name, which an editable installation maps
    # elsewhere. The checksums of all builders here are in one file.
    pkg_dir_path = tfds.core.Path(__file__).parent
    code_path = tfds.core.Path(__file__)

    LANGUAGES: ClassVar[tuple[str, str]] = ("de", "en")
    HOMEPAGE: ClassVar[str]
    LICENSE: ClassVar[str]
    ARCHIVE: ClassVar[str] = ""
    URL: ClassVar[str]
    IN_ORDER: ClassVar[bool] = True

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.Translation(languages=self.LANGUAGES),
            supervised_keys=self.LANGUAGES,
            homepage=self.HOMEPAGE,
            license=self.LICENSE,
            disable_shuffling=self.IN_ORDER,
        )

    # The record of an archive that is the first one to be read, and its text.
    _unrecorded: tuple[Path, str] | None = None

    def download_and_prepare(self, **settings: Any) -> None:
        """Do as TFDS does; an archive whose text was fine is the one that is read from then on."""
        super().download_and_prepare(**settings)
        if self._unrecorded:
            write_whole(*self._unrecorded)

    def fetch_archive(self, dl_manager: tfds.download.DownloadManager) -> Path:
        """Return the archive's path: in the manual directory, else downloaded.

        Raises:
            InputError: it isn't the one that was read first.
        """
        archive = Path(dl_manager.manual_dir) / self.ARCHIVE
        if not archive.exists():
            archive = Path(dl_manager.download(self.URL))
        self._check_read_first(archive, Path(dl_manager.manual_dir))
        return archive

    def check_archive(self, manual_dir: Path) -> None:
        """Refuse an archive in the manual directory that isn't the one that was prepared."""
        archive = manual_dir / self.ARCHIVE
        if self.ARCHIVE and archive.exists():
            self._check_read_first(archive, manual_dir)

    def _check_read_first(self, archive: Path, manual_dir: Path) -> None:
        """Compare an archive's sha256 with `<ARCHIVE>.sha256`, written when one has been read.

        Nobody publishes checksums of these archives; the file has the form that sha256sum reads.
        """
        record = manual_dir / f"{self.ARCHIVE}.sha256"
        found = file_digest(archive)
        if not record.exists():
            self._unrecorded = record, f"{found}  {self.ARCHIVE}\n"
            return
        first = record.read_text(encoding="utf-8", errors="replace").split()
        if first[:1] != [found]:
            raise InputError(
                f"'{archive}' isn't the archive that was read first: its sha256 is {found}, that "
                f"in '{record}' {' '.join(first[:1])}; give that one, or remove '{record}' and "
                f"'{Path(self.data_path)}' to read this one"
            )

    def _generate_examples(
        self, pairs: Iterable[tuple[str, str]]
    ) -> Iterator[tuple[int, dict[str, str]]]:
        for index, pair in enumerate(pairs):
            yield index, dict(zip(self.LANGUAGES, pair, strict=True))
