"""Problems that turn a text into a text, encoded by a vocabulary made of the training text.

Follows tensor2tensor's data_generators/text_problems.py.
"""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

from t2t_hint_nart.data.dataset_split import DatasetSplit
from t2t_hint_nart.data.problem import PathLike, Problem, TextEncoder
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import EOS_ID
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder

_Sample = dict[str, list[int]]

_PROGRESS_PAIRS = 100_000


class VocabType:
    """Kinds of vocabulary, under tensor2tensor's names."""

    CHARACTER = "character"
    SUBWORD = "subwords"
    TOKEN = "tokens"


class Text2TextProblem(Problem):
    """Base class of text-to-text problems.

    A subclass defines `generate_samples`, and may override any property.

    Attributes:
        languages: codes, such as "de", of the stored inputs and targets; empty where a side is
            in no particular language.
        bleu_convention: how BLEU on this data is reported in the field: "sacrebleu" (raw text),
            "wmt14_compound" (tokenised, compounds split) or "iwslt14_lowercased_tokenized".
    """

    languages: tuple[str, str] = ("", "")
    bleu_convention: str = "sacrebleu"

    @property
    def source_language(self) -> str:
        """Code of the language of the inputs as read."""
        return self._languages_as_read()["inputs"]

    @property
    def target_language(self) -> str:
        """Code of the language of the targets as read."""
        return self._languages_as_read()["targets"]

    def _languages_as_read(self) -> dict[str, str]:
        return self._as_read({"inputs": self.languages[0], "targets": self.languages[1]})

    @property
    def vocab_type(self) -> str:
        """Kind of vocabulary: one of VocabType."""
        return VocabType.SUBWORD

    @property
    def approx_vocab_size(self) -> int:
        """Number of subtokens to aim at (SUBWORD only)."""
        return 2**15

    @property
    def max_subtoken_length(self) -> int | None:
        """Longest subtoken in characters, None for no limit (SUBWORD only)."""
        return 200

    @property
    def oov_token(self) -> str | None:
        """Token that stands for unknown ones (TOKEN only)."""
        return None

    @property
    def is_generate_per_split(self) -> bool:
        """Whether `generate_samples` is called once for each split.

        Otherwise it is called for the training split only and its samples are divided over the
        shards of all splits.
        """
        return False

    @property
    def use_vocab_from_other_problem(self) -> "Text2TextProblem | None":
        """Problem whose vocabulary file this one shares."""
        return None

    @property
    def inputs_prefix(self) -> str:
        """Text put before every source."""
        return ""

    @property
    def targets_prefix(self) -> str:
        """Text put before every target."""
        return ""

    @property
    def vocab_filename(self) -> str:
        """Name of the vocabulary file in data_dir."""
        if self.use_vocab_from_other_problem:
            return self.use_vocab_from_other_problem.vocab_filename
        if self.vocab_type == VocabType.SUBWORD:
            return f"vocab.{self.dataset_filename()}.{self.approx_vocab_size}.{VocabType.SUBWORD}"
        return f"vocab.{self.dataset_filename()}.{VocabType.TOKEN}"

    def generate_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of a split as {"inputs": str, "targets": str}.

        Args:
            data_dir: folder of the shards and the vocabulary.
            tmp_dir: folder of downloads and other raw material.
            dataset_split: "train", "dev" or "test".
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what its samples are")

    def is_generated(self, data_dir: PathLike, tmp_dir: PathLike) -> bool:
        """Return whether all shards and the vocabulary are there."""
        has_vocab = self.vocab_type == VocabType.CHARACTER or self._vocab_path(data_dir).exists()
        return has_vocab and super().is_generated(data_dir, tmp_dir)

    def _vocab_path(self, data_dir: PathLike) -> Path:
        return Path(data_dir) / self.vocab_filename

    def generate_text_for_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> Iterator[str]:
        """Yield the text that the vocabulary is made of: both sides of the training split."""
        for sample in self.generate_samples(data_dir, tmp_dir, DatasetSplit.TRAIN):
            yield sample["inputs"]
            yield sample["targets"]

    def get_or_create_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> TextEncoder:
        """Return the vocabulary, building and storing it if data_dir does not have it.

        Args:
            data_dir: folder of the vocabulary.
            tmp_dir: folder of downloads and other raw material.

        Raises:
            InputError: a TOKEN vocabulary that is not there (it cannot be built).
        """
        if self.use_vocab_from_other_problem:
            return self.use_vocab_from_other_problem.get_or_create_vocab(data_dir, tmp_dir)
        path = self._vocab_path(data_dir)
        if self.vocab_type == VocabType.SUBWORD and not path.exists():
            started = time.monotonic()
            encoder = self._build_subwords(data_dir, tmp_dir)
            encoder.store(path)
            self.progress(
                f"vocabulary: {encoder.vocab_size} subtokens written to {path} "
                f"({time.monotonic() - started:.0f} s)"
            )
        return self._load_vocab(data_dir)

    def _build_subwords(self, data_dir: PathLike, tmp_dir: PathLike) -> SubwordTextEncoder:
        return SubwordTextEncoder.build_from_generator(
            self.generate_text_for_vocab(data_dir, tmp_dir),
            self.approx_vocab_size,
            max_subtoken_length=self.max_subtoken_length,
        )

    def _load_vocab(self, data_dir: PathLike) -> TextEncoder:
        if self.vocab_type == VocabType.CHARACTER:
            return ByteTextEncoder()
        path = self._vocab_path(data_dir)
        if not path.exists():
            raise InputError(
                f"no vocabulary {str(path)!r} of problem {self.name!r}; "
                f"make it with: {self.generate_command(data_dir)}"
            )
        if self.vocab_type == VocabType.TOKEN:
            return TokenTextEncoder(path, replace_oov=self.oov_token)
        return SubwordTextEncoder(path)

    def feature_encoders(self, data_dir: PathLike) -> dict[str, TextEncoder]:
        """Return the encoders of inputs and targets; here, one shared vocabulary.

        Args:
            data_dir: folder of the vocabulary.

        Raises:
            InputError: no vocabulary there; names the command that makes it.
        """
        encoder = self._load_vocab(data_dir)
        return {"inputs": encoder, "targets": encoder}

    def generate_encoded_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, list[int]]]:
        """Yield the sentence pairs of a split as ids, each side ending in EOS.

        Args:
            data_dir: folder of the vocabulary.
            tmp_dir: folder of downloads and other raw material.
            dataset_split: "train", "dev" or "test".
        """
        self.get_or_create_vocab(data_dir, tmp_dir)
        encoders = self.feature_encoders(data_dir)
        prefixes = {"inputs": self.inputs_prefix, "targets": self.targets_prefix}
        for sample in self.generate_samples(data_dir, tmp_dir, dataset_split):
            yield {
                feature: [*encoders[feature].encode(prefixes[feature] + sample[feature]), EOS_ID]
                for feature in ("inputs", "targets")
            }

    def generate_data(self, data_dir: PathLike, tmp_dir: PathLike, task_id: int = -1) -> None:
        """Write the vocabulary and the shards of all splits, unless they are all there.

        Training shards are shuffled, each within itself; development and test data keep the order
        of the samples, so that their n-th sentence stays the n-th of the file they came from.

        Args:
            data_dir: folder of the shards and the vocabulary; made if need be.
            tmp_dir: folder of downloads and other raw material; made if need be.
            task_id: unused; kept for tensor2tensor's signature.

        Raises:
            InputError: a split without a sentence pair.
        """
        if self.is_generated(data_dir, tmp_dir):
            self.progress(f"all in {data_dir} already; remove the shards to write them again")
            return
        Path(data_dir).mkdir(parents=True, exist_ok=True)
        Path(tmp_dir).mkdir(parents=True, exist_ok=True)
        self.get_or_create_vocab(data_dir, tmp_dir)
        paths = self.output_paths(data_dir, tmp_dir)
        unshuffled = self.output_paths(data_dir, tmp_dir, shuffled=False)
        if not self.is_generate_per_split:
            paths, unshuffled = (
                {DatasetSplit.TRAIN: [*itertools.chain(*by_split.values())]}
                for by_split in (paths, unshuffled)
            )
        for split in paths:
            self._generate_split(data_dir, tmp_dir, split, unshuffled[split], paths[split])

    def _generate_split(
        self,
        data_dir: PathLike,
        tmp_dir: PathLike,
        split: str,
        unshuffled: list[str],
        paths: list[str],
    ) -> None:
        from t2t_hint_nart.data.shards import write_shards, write_shuffled_shards

        started = time.monotonic()
        samples = self._counted(self.generate_encoded_samples(data_dir, tmp_dir, split), split)
        if split == DatasetSplit.TRAIN:
            count = write_shuffled_shards(samples, unshuffled, paths, self.random_seed)
        else:
            count = write_shards(samples, paths)
        self.progress(
            f"{split}: {count} sentence pairs written to {len(paths)} shard(s), "
            f"first {paths[0]} ({time.monotonic() - started:.0f} s)"
        )

    def _counted(self, samples: Iterator[_Sample], split: str) -> Iterator[_Sample]:
        for count, sample in enumerate(samples, start=1):
            if count % _PROGRESS_PAIRS == 0:
                self.progress(f"{split}: {count} sentence pairs so far")
            yield sample

    def text_pairs(self, data_dir: PathLike, split: str) -> list[tuple[str, str]]:
        """Return the (source, target) texts of a split, decoded from its shards, in their order.

        Args:
            data_dir: folder of the shards and the vocabulary.
            split: "train", "dev" or "test".

        Raises:
            InputError: shards or vocabulary are missing or damaged.
        """
        from t2t_hint_nart.data.shards import read_shard

        encoders = self.get_feature_encoders(data_dir)
        source, target = self.features(split)
        return [
            (
                encoders["inputs"].decode(pair[source][:-1]),
                encoders["targets"].decode(pair[target][:-1]),
            )
            for path in self.shard_files(data_dir, split)
            for pair in read_shard(path)
        ]
