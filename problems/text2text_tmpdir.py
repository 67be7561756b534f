"""A user's own data: two text files a split, line by line, no class to write.

Follows tensor2tensor's text_problems.Text2textTmpdir and Text2textTmpdirTokens; a variant reads
tab-separated columns. Every file may be gzip, with or without `.gz` in its name.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from t2t_hint_nart.data.parallel_text import (
    STRICT,
    Pair,
    find_text,
    read_columns,
    read_pairs,
    read_sentences,
)
from t2t_hint_nart.data.problem import DatasetSplit, PathLike, train_dev_test
from t2t_hint_nart.data.text_problem import Text2TextProblem, VocabType
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.printed_command import printed_command
from t2t_hint_nart.registry import register_problem
from t2t_hint_nart.text.token import TokenTextEncoder

_VOCABULARY = "vocab.txt"


class OwnTextProblem(Text2TextProblem):
    """Base class of problems on files of fixed names in tmp_dir.

    Attributes:
        text_files: split -> names of the files that hold it; only the test set may be missing.
    """

    is_generate_per_split = True
    dataset_splits = train_dev_test(10)
    text_files: ClassVar[dict[str, tuple[str, ...]]] = {}

    def splits_in(self, tmp_dir: PathLike) -> list[dict[str, Any]]:
        """Return the splits that tmp_dir has the text of; only the test set may be missing."""
        names = self.text_files[DatasetSplit.TEST]
        has_test = any(find_text(Path(tmp_dir), name) for name in names)
        return self.dataset_splits if has_test else self.dataset_splits[:-1]

    def text_is_at_hand(self, tmp_dir: PathLike) -> bool:
        """Return whether tmp_dir has any of the files."""
        names = [name for names in self.text_files.values() for name in names]
        return any(find_text(Path(tmp_dir), name) for name in names)

    def generate_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, str]]:
        """Yield the pairs of a split, line by line; what is wrong is told with file and line."""
        del data_dir
        paths = [self._found(Path(tmp_dir), name) for name in self.text_files[dataset_split]]
        for source, target in self.read(paths):
            yield {"inputs": source, "targets": target}

    def read(self, paths: Sequence[Path]) -> Iterator[Pair]:
        """Return the sentence pairs of a split's files, which are in the order of `text_files`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its files are read")

    def _found(self, folder: Path, name: str) -> Path:
        path = find_text(folder, name)
        if path is None:
            names = ", ".join(name for names in self.text_files.values() for name in names)
            raise InputError(
                f"cannot read '{folder / name}': No such file or directory; {self.base_name} "
                f"reads {names} in --tmp_dir, plain or with .gz, "
                "of which only the test set may be missing"
            )
        return path

    def generate_command(self, data_dir: PathLike) -> str:
        """Return the command line that generates this problem's data."""
        return printed_command(
            "t2t-datagen", problem=self.base_name, data_dir=data_dir, tmp_dir="YOUR_TEXT"
        )


@register_problem
class Text2textTmpdir(OwnTextProblem):
    """Your own text: inputs.train.txt, targets.train.txt, inputs.eval.txt, ... in --tmp_dir.

    One sentence a line, UTF-8; line n of `targets` belongs to line n of `inputs`. A test set,
    inputs.test.txt and targets.test.txt, may be there too.
    """

    text_files: ClassVar = {
        DatasetSplit.TRAIN: ("inputs.train.txt", "targets.train.txt"),
        DatasetSplit.EVAL: ("inputs.eval.txt", "targets.eval.txt"),
        DatasetSplit.TEST: ("inputs.test.txt", "targets.test.txt"),
    }

    def read(self, paths: Sequence[Path]) -> Iterator[Pair]:
        """Return the pairs of two files, line by line."""
        source, target = paths
        return read_pairs(source, target, STRICT)


@register_problem
class Text2textTmpdirTokens(Text2textTmpdir):
    """Your own tokenised text, each word an id: as text2text_tmpdir, and vocab.txt if you like.

    vocab.txt has a word a line; without it the words of the training text are the vocabulary, the
    most frequent first. Words that are not in it are read as `<UNK>`.
    """

    vocab_type = VocabType.TOKEN
    oov_token: str = "<UNK>"

    builds_vocab = True

    def generate_text_for_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> Iterator[str]:
        """Yield the words of vocab.txt, or the training text if it is not there."""
        words = self._given_words(tmp_dir)
        return iter(words) if words else super().generate_text_for_vocab(data_dir, tmp_dir)

    def build_vocab(self, texts: Iterable[str], path: Path, tmp_dir: PathLike) -> None:
        """Store the vocabulary: the words of vocab.txt, or all of the text by their frequency."""
        words = list(texts) if self._given_words(tmp_dir) else _frequent_words(texts)
        words = [word for word in words if word != self.oov_token]
        encoder = TokenTextEncoder(vocab_list=[self.oov_token, *words])
        encoder.store(path)
        self.progress(f"vocabulary: {encoder.vocab_size} tokens written to {path}")

    def _given_words(self, tmp_dir: PathLike) -> list[str]:
        given = find_text(Path(tmp_dir), _VOCABULARY)
        return list(read_sentences(given)) if given else []


def _frequent_words(texts: Iterable[str]) -> list[str]:
    counts = Counter(word for text in texts for word in text.split())
    return sorted(counts, key=lambda word: (-counts[word], word))


@register_problem
class Text2textTsv(OwnTextProblem):
    """Your own text in columns: train.tsv, dev.tsv and, if you like, test.tsv in --tmp_dir.

    A pair a line, UTF-8: source, tab, target.
    """

    text_files: ClassVar = {split: (f"{split}.tsv",) for split in DatasetSplit.ALL}

    def read(self, paths: Sequence[Path]) -> Iterator[Pair]:
        """Return the pairs of a file with two columns."""
        (path,) = paths
        return read_columns(path, STRICT)
