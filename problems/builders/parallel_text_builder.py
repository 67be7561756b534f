"""What the TFDS builders of sentence pairs have in common."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import tensorflow_datasets as tfds


class ParallelTextBuilder(
    tfds.core.GeneratorBasedBuilder,
    skip_registration=True,  # type: ignore[call-arg]
):
    """Base class of builders whose examples are sentence pairs.

    Attributes:
        LANGUAGES: codes of the two sides, in the order of the pairs.
        HOMEPAGE: where the text is from.
        LICENSE: under what terms it may be used.
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
    IN_ORDER: ClassVar[bool] = True

    def _info(self) -> tfds.core.DatasetInfo:
        return self.dataset_info_from_configs(
            features=tfds.features.Translation(languages=self.LANGUAGES),
            supervised_keys=self.LANGUAGES,
            homepage=self.HOMEPAGE,
            license=self.LICENSE,
            disable_shuffling=self.IN_ORDER,
        )

    def _generate_examples(
        self, pairs: Iterable[tuple[str, str]]
    ) -> Iterator[tuple[int, dict[str, str]]]:
        for index, pair in enumerate(pairs):
            yield index, dict(zip(self.LANGUAGES, pair, strict=True))
