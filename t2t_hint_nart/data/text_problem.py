"""Problems that turn a text into a text, encoded by a vocabulary made of the training text.

Follows tensor2tensor's data_generators/text_problems.py.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from t2t_hint_nart.data.dataset_split import DatasetSplit
from t2t_hint_nart.data.pair_filters import NONE, PairFilters, keeps
from t2t_hint_nart.data.problem import PathLike, Problem, TextEncoder
from t2t_hint_nart.data.subword_vocabulary import write_subwords
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import EOS_ID
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder


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
    def max_samples_for_vocab(self) -> int | None:
        """How many training pairs, the first ones, the vocabulary is made of; None for all."""
        return None

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

        Raises:
            InputError: the subclass doesn't define it.
        """
        theirs = "; its source_data_files is not read here" * hasattr(self, "source_data_files")
        raise InputError(
            f"problem '{self.name}' has no generate_samples, which yields its sentence pairs as "
            f"{{'inputs': ..., 'targets': ...}}{theirs}"
        )

    def pair_filters(self, split: str) -> PairFilters:
        """Return what decides which pairs of a split are kept; here, nothing: all are.

        Args:
            split: "train", "dev" or "test".

        Returns:
            Name -> function of the (inputs, targets) texts, True = keep; asked in order. A pair
            is counted under the first that refuses it. Vocabulary and shards are made of the
            pairs that all keep.
        """
        del split
        return NONE

    def generate_kept_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, str]]:
        """Yield the samples of a split that its `pair_filters` keep.

        Args: as `generate_samples`.
        """
        filters = self.pair_filters(dataset_split)
        for sample in self.generate_samples(data_dir, tmp_dir, dataset_split):
            if keeps(filters, sample["inputs"], sample["targets"]):
                yield sample

    def is_generated(self, data_dir: PathLike, tmp_dir: PathLike) -> bool:
        """Return whether all shards and the vocabulary are there."""
        has_vocab = self.vocab_type == VocabType.CHARACTER or self._vocab_path(data_dir).exists()
        return has_vocab and super().is_generated(data_dir, tmp_dir)

    def _vocab_path(self, data_dir: PathLike) -> Path:
        return Path(data_dir) / self.vocab_filename

    def generate_text_for_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> Iterator[str]:
        """Yield the text that the vocabulary is made of: both sides of the training split.

        Args:
            data_dir: folder of the shards and the vocabulary.
            tmp_dir: folder of downloads and other raw material.
        """
        kept = self.generate_kept_samples(data_dir, tmp_dir, DatasetSplit.TRAIN)
        for sample in itertools.islice(kept, self.max_samples_for_vocab):
            yield sample["inputs"]
            yield sample["targets"]

    def check_vocab(self, data_dir: PathLike) -> None:
        """Refuse to go on without a vocabulary that cannot be built.

        Raises:
            InputError: a TOKEN vocabulary that is not there.
        """
        if self.vocab_type == VocabType.TOKEN and not self.use_vocab_from_other_problem:
            self._load_vocab(data_dir)

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
            write_subwords(self, self.generate_text_for_vocab(data_dir, tmp_dir), path)
        return self._load_vocab(data_dir)

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

    def pair_encoder(
        self, data_dir: PathLike
    ) -> Callable[[Mapping[str, str]], dict[str, list[int]]]:
        """Return what makes a sample into ids, each side ending in EOS.

        Args:
            data_dir: folder of the vocabulary.
        """
        encoders = self.feature_encoders(data_dir)
        prefixes = {"inputs": self.inputs_prefix, "targets": self.targets_prefix}
        return lambda sample: {
            feature: [*encoders[feature].encode(prefix + sample[feature]), EOS_ID]
            for feature, prefix in prefixes.items()
        }

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
        encode = self.pair_encoder(data_dir)
        return map(encode, self.generate_kept_samples(data_dir, tmp_dir, dataset_split))

    @property
    def encodes_samples_itself(self) -> bool:
        """Whether a subclass has a `generate_encoded_samples` of its own."""
        own = type(self).generate_encoded_samples
        return own is not Text2TextProblem.generate_encoded_samples

    def generate_data(self, data_dir: PathLike, tmp_dir: PathLike, task_id: int = -1) -> None:
        """Write the vocabulary, the shards of all splits and a report, unless they are there.

        Training shards are shuffled, each within itself; development and test data keep the order
        of the samples, so that their n-th sentence stays the n-th of the file they came from.

        Args:
            data_dir: folder of the shards and the vocabulary; made if need be.
            tmp_dir: folder of downloads and other raw material; made if need be.
            task_id: number of the training shard to write, and nothing else; -1 for everything.

        Raises:
            InputError: see `generation.generate`.
        """
        self.generate_tasks(data_dir, tmp_dir, None if task_id < 0 else [task_id])

    def generate_tasks(
        self, data_dir: PathLike, tmp_dir: PathLike, tasks: Sequence[int] | None
    ) -> None:
        """Do what `generate_data` does for several tasks; None stands for everything."""
        from t2t_hint_nart.data import data_report, generation

        finished = not data_report.is_unfinished(self, data_dir)
        if finished and self.is_generated(data_dir, tmp_dir):
            self.progress(f"all in {data_dir} already; remove the shards to write them again")
            return
        generation.generate(self, data_dir, tmp_dir, tasks)

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
