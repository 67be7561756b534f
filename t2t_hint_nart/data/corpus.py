"""Sentence pairs and the vocabulary they are encoded with: a problem as generation reads it.

Follows tensor2tensor's data_generators/text_problems.py. Text2TextProblem, which knows how its data
are written, is this and more.
"""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from t2t_hint_nart.data.pair_filters import NONE, PairFilters, keeps, without
from t2t_hint_nart.data.parallel_text import is_empty
from t2t_hint_nart.data.problem import DatasetSplit, PathLike, Problem, TextEncoder
from t2t_hint_nart.data.source_data_files import are_at_hand, compiled_pairs, dataset_pairs
from t2t_hint_nart.data.vocab_record import (
    FingerprintedTexts,
    read_record,
    record_path,
    text_fingerprint,
    write_record,
)
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.progress import Progress, duration, now_and_then
from t2t_hint_nart.text import EOS_ID
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.reserved import RESERVED_TOKENS
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder

# Property -> what is done in any case. In tensor2tensor the default of each is None or empty.
_UNREAD = {
    "packed_length": "every sentence pair is an example of its own",
    "additional_reserved_tokens": "a vocabulary that is built reserves padding and EOS alone",
    "datatypes_to_clean": "text is read as it is",
}


class VocabType:
    """Kinds of vocabulary, under tensor2tensor's names."""

    CHARACTER = "character"
    SUBWORD = "subwords"
    TOKEN = "tokens"


class Corpus(Problem):
    """Sentence pairs, which of them are kept, and their vocabulary.

    Attributes:
        languages: codes, such as "de", of the stored inputs and targets; empty where a side is
            in no particular language.
        bleu_convention: how BLEU on this data is reported in the field: "sacrebleu" (raw text),
            "wmt14_compound" (tokenised, compounds split) or "iwslt14_lowercased_tokenized".
        vocab_type: kind of vocabulary, one of VocabType.
        approx_vocab_size: number of subtokens to aim at (SUBWORD only).
        max_subtoken_length: longest subtoken in characters, None for no limit (SUBWORD only).
        max_samples_for_vocab: how many training pairs, the first ones, the vocabulary is made of;
            None for all.
        use_vocab_from_other_problem: problem whose vocabulary file this one shares.
        oov_token: token that stands for unknown ones (TOKEN only).
        is_generate_per_split: whether `generate_samples` is called once for each split. Otherwise
            it is called for the training split only and its samples are divided over the shards
            of all splits.
        inputs_prefix: text put before every source.
        targets_prefix: text put before every target.
    """

    languages: tuple[str, str] = ("", "")
    bleu_convention: str = "sacrebleu"
    vocab_type: str = VocabType.SUBWORD
    approx_vocab_size: int = 2**15
    max_subtoken_length: int | None = 200
    max_samples_for_vocab: int | None = None
    use_vocab_from_other_problem: "Corpus | None" = None
    oov_token: str | None = None
    is_generate_per_split: bool = False
    inputs_prefix: str = ""
    targets_prefix: str = ""

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

        Here, those of the files that the problem names by tensor2tensor's `source_data_files`.
        """
        del data_dir
        if not hasattr(self, "source_data_files"):
            raise InputError(
                f"problem '{self.name}' has no generate_samples, which yields its sentence pairs "
                "as {'inputs': ..., 'targets': ...}, and no source_data_files"
            )
        pairs = compiled_pairs(tmp_dir, self.base_name, dataset_split)
        if pairs is None:
            pairs = dataset_pairs(self.source_data_files(dataset_split), tmp_dir)
        return ({"inputs": source, "targets": target} for source, target in pairs)

    def pair_filters(self, split: str) -> PairFilters:
        """Return what decides which pairs of a split are kept; here, nothing: all are.

        But of `source_data_files`, as in tensor2tensor, pairs with an empty side are dropped.

        Returns:
            Name -> function of the (inputs, targets) texts, True = keep; asked in order. A pair is
            counted under the first that refuses it. Vocabulary and shards are made of those kept.
        """
        del split
        named = hasattr(self, "source_data_files")
        return without({"an empty side": is_empty}) if named else NONE

    def generate_kept_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, str]]:
        """Yield the samples of a split that its `pair_filters` keep."""
        filters = self.pair_filters(dataset_split)
        for sample in self.generate_samples(data_dir, tmp_dir, dataset_split):
            if keeps(filters, sample["inputs"], sample["targets"]):
                yield sample

    def _vocab_path(self, data_dir: PathLike) -> Path:
        return Path(data_dir) / self.vocab_filename

    def generate_text_for_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> Iterator[str]:
        """Yield the text that the vocabulary is made of: both sides of the training split.

        Or, where the problem names other files by tensor2tensor's `vocab_data_files`, of these.
        """
        if hasattr(self, "vocab_data_files"):
            for pair in dataset_pairs(self.vocab_data_files(), tmp_dir):
                yield from pair
            return
        kept = self.generate_kept_samples(data_dir, tmp_dir, DatasetSplit.TRAIN)
        for sample in itertools.islice(kept, self.max_samples_for_vocab):
            yield sample["inputs"]
            yield sample["targets"]

    @property
    def builds_vocab(self) -> bool:
        """Whether a vocabulary that isn't there is built of the text."""
        return self.vocab_type == VocabType.SUBWORD and not self.use_vocab_from_other_problem

    def text_is_at_hand(self, tmp_dir: PathLike) -> bool:
        """Return whether the text can be read: that named by `source_data_files` may be away."""
        if not hasattr(self, "source_data_files"):
            return True
        splits = [part["split"] for part in self.dataset_splits]
        return all(
            compiled_pairs(tmp_dir, self.base_name, split) is not None
            or are_at_hand(self.source_data_files(split), tmp_dir)
            for split in splits
        )

    def what_to_remove(self, data_dir: PathLike) -> str:
        """Return what to remove for all data to be made anew, as a command without a subject."""
        folder = Path(data_dir)
        names = [f"'{folder / self.dataset_filename()}-*'"]
        if self.builds_vocab:
            names.append(f"'{self._vocab_path(data_dir)}*'")
        return f"remove {' and '.join(names)}"

    def check_vocab(self, data_dir: PathLike) -> None:
        """Refuse to go on without a vocabulary that is neither there nor can be built."""
        other = self.use_vocab_from_other_problem
        if other:
            other.check_vocab(data_dir)
        elif self.vocab_type == VocabType.TOKEN and not self.builds_vocab:
            self._load_vocab(data_dir)

    def check_vocab_text(self, data_dir: PathLike, tmp_dir: PathLike) -> None:
        """Refuse a vocabulary built of other text than there is now; tell of one of unknown text.

        Raises:
            InputError: says what to remove.
        """
        path = self._vocab_path(data_dir)
        if not self.builds_vocab or not path.exists():
            return
        record = read_record(path)
        if record is None or record["fingerprint"] != self._load_vocab(data_dir).fingerprint():
            self.progress(
                f"vocabulary: {path} is there already and kept, whatever text it was made of; "
                "remove it to have one made of this text"
            )
        elif record["text_fingerprint"] != text_fingerprint(
            self.generate_text_for_vocab(data_dir, tmp_dir)
        ):
            raise InputError(
                f"the vocabulary '{path}' was made of other text than there is now; remove "
                f"'{path}*' to have it made anew, or '{record_path(path)}' alone to keep it"
            )

    def get_or_create_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> TextEncoder:
        """Return the vocabulary, building and storing it if data_dir does not have it.

        Raises:
            InputError: a TOKEN vocabulary that is not there.
        """
        if self.use_vocab_from_other_problem:
            return self.use_vocab_from_other_problem.get_or_create_vocab(data_dir, tmp_dir)
        path = self._vocab_path(data_dir)
        if self.builds_vocab and not path.exists():
            texts = FingerprintedTexts(self.generate_text_for_vocab(data_dir, tmp_dir))
            self.build_vocab(texts, path, tmp_dir)
            fingerprint = self._load_vocab(data_dir).fingerprint()
            write_record(
                path, {"fingerprint": fingerprint, "text_fingerprint": texts.fingerprint()}
            )
        return self._load_vocab(data_dir)

    def build_vocab(self, texts: Iterable[str], path: Path, tmp_dir: PathLike) -> None:
        """Build the vocabulary of texts, those of `generate_text_for_vocab`, and store it."""
        del tmp_dir
        started = time.monotonic()
        encoder = SubwordTextEncoder.build_from_generator(
            Progress(self.progress, "vocabulary", "texts counted").counting(texts),
            self.approx_vocab_size,
            max_subtoken_length=self.max_subtoken_length,
            progress=now_and_then(lambda line: self.progress(f"vocabulary: {line}")),
        )
        encoder.store(path)
        self.progress(
            f"vocabulary: {encoder.vocab_size} subtokens written to {path} "
            f"({duration(time.monotonic() - started)})"
        )

    def _load_vocab(self, data_dir: PathLike) -> TextEncoder:
        if self.vocab_type == VocabType.CHARACTER:
            return ByteTextEncoder()
        path = self._vocab_path(data_dir)
        if not path.exists():
            how = f"make it with: {self.generate_command(data_dir)}"
            if self.vocab_type == VocabType.TOKEN and not self.builds_vocab:
                first = " and ".join(RESERVED_TOKENS)
                how = f"it isn't built: write it, a token a line, of which {first} are the first"
            raise InputError(f"no vocabulary {str(path)!r} of problem {self.name!r}; {how}")
        if self.vocab_type == VocabType.TOKEN:
            return TokenTextEncoder(path, replace_oov=self.oov_token)
        return SubwordTextEncoder(path)

    def feature_encoders(self, data_dir: PathLike) -> dict[str, TextEncoder]:
        """Return the encoders of inputs and targets; here, one shared vocabulary.

        Raises:
            InputError: no vocabulary there; names the command that makes it.
        """
        encoder = self._load_vocab(data_dir)
        return {"inputs": encoder, "targets": encoder}

    def pair_encoder(
        self, data_dir: PathLike
    ) -> Callable[[Mapping[str, str]], dict[str, list[int]]]:
        """Return what makes a sample into ids, each side ending in EOS."""
        encoders = self.feature_encoders(data_dir)
        prefixes = {"inputs": self.inputs_prefix, "targets": self.targets_prefix}
        return lambda sample: {
            feature: [*encoders[feature].encode(prefix + sample[feature]), EOS_ID]
            for feature, prefix in prefixes.items()
        }

    def generate_encoded_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, list[int]]]:
        """Yield the sentence pairs of a split as ids, each side ending in EOS."""
        self.get_or_create_vocab(data_dir, tmp_dir)
        encode = self.pair_encoder(data_dir)
        return map(encode, self.generate_kept_samples(data_dir, tmp_dir, dataset_split))

    @property
    def encodes_samples_itself(self) -> bool:
        """Whether a subclass has a `generate_encoded_samples` of its own."""
        return type(self).generate_encoded_samples is not Corpus.generate_encoded_samples

    @property
    def has_text(self) -> bool:
        """Whether there are samples; some problems make ids only."""
        own = type(self).generate_samples is not Corpus.generate_samples
        named = hasattr(self, "source_data_files")
        return own or named or not self.encodes_samples_itself

    def check_unread_properties(self) -> None:
        """Refuse properties of tensor2tensor's that mean nothing here but have another value.

        A ported problem that overrides one expects other shards than it would get.
        """
        for name, instead in _UNREAD.items():
            value = getattr(self, name, None)
            if value:
                raise InputError(
                    f"problem '{self.name}' has {name}={value!r}, which is not read here: "
                    f"{instead}; leave it out"
                )
