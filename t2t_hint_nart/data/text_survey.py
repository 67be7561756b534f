"""What a problem's text holds, counted before anything is written (no TensorFlow).

One pass over the text of every split finds what is wrong with it, what the filters refuse, which
pairs occur twice and what of the held-out text occurs in training too. Texts are remembered as
64-bit digests in arrays, 16 bytes a pair: two of 4.5 million different pairs look alike with a
probability of 1 in two million.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from t2t_hint_nart.data.dataset_split import DatasetSplit
from t2t_hint_nart.data.encoding_pass import EncodingPass, samples_from_start, seed_generators
from t2t_hint_nart.data.pair_filters import NONE, PairFilters
from t2t_hint_nart.data.problem import PathLike
from t2t_hint_nart.progress import Progress

if TYPE_CHECKING:
    from t2t_hint_nart.data.text_problem import Text2TextProblem

_DIGEST_BYTES = 8


class SplitText:
    """Counts of one split.

    Args:
        filters: names of its filters.

    Attributes:
        read: number of pairs of the text.
        dropped: filter -> number of pairs it was the first to refuse.
    """

    def __init__(self, filters: Sequence[str] = ()) -> None:
        self.read = 0
        self.dropped: Counter[str] = Counter(dict.fromkeys(filters, 0))
        self._pairs, self._sources = array("Q"), array("Q")
        self._fingerprint = hashlib.sha256()

    @property
    def kept(self) -> int:
        """Number of pairs that no filter refuses."""
        return len(self._pairs)

    def add(self, inputs: str, targets: str, refused_by: str | None = None) -> None:
        """Count a pair, and the filter that refuses it."""
        self.read += 1
        source = _digest(inputs)
        # The source's digest has a fixed length: no two pairs give the same bytes.
        pair = _digest(targets, source)
        self._fingerprint.update(pair + bytes([refused_by is not None]))
        if refused_by is not None:
            self.dropped[refused_by] += 1
            return
        self._pairs.frombytes(pair)
        self._sources.frombytes(source)

    def fingerprint(self) -> str:
        """Return a SHA-256, in hex, that tells this text and what is kept of it from any other."""
        return self._fingerprint.hexdigest()

    def counts(self, training: "SplitText | None") -> dict[str, Any]:
        """Return what the data report says of this split's text.

        Args:
            training: the training split, None if this is the training split.
        """
        pairs = np.asarray(self._pairs)
        counts = {
            "pairs_read": self.read,
            "pairs_dropped": dict(self.dropped),
            "duplicate_pairs": len(pairs) - len(np.unique(pairs)),
            "text_fingerprint": self.fingerprint(),
        }
        if training is not None:
            counts["pairs_in_training"] = _number_in(self._pairs, training._pairs)
            counts["sources_in_training"] = _number_in(self._sources, training._sources)
        return counts


def survey_text(
    problem: "Text2TextProblem",
    data_dir: PathLike,
    tmp_dir: PathLike,
    passes: Sequence[EncodingPass],
    tell: Callable[[str], None],
) -> dict[str, SplitText]:
    """Read the text of all splits once.

    Args:
        problem: whose text.
        data_dir: folder of the shards and the vocabulary.
        tmp_dir: folder of downloads and other raw material.
        passes: which samples belong to which split.
        tell: takes lines of progress.

    Returns:
        Split -> its counts.

    Raises:
        InputError: what reading the text raises.
    """
    found: dict[str, SplitText] = {}
    has_text = _has_text(problem)
    sampled = samples_from_start if has_text else _ids_as_text
    for part in passes:
        filters = problem.pair_filters(part.split) if has_text else NONE
        texts = [found.setdefault(split, SplitText(list(filters))) for split in part.splits]
        samples = sampled(problem, data_dir, tmp_dir, part.split)
        progress = Progress(tell, f"reading {part.split}", "sentence pairs")
        for number, sample in enumerate(progress.counting(samples)):
            inputs, targets = sample["inputs"], sample["targets"]
            refused_by = first_refusal(filters, inputs, targets)
            texts[number % len(texts)].add(inputs, targets, refused_by)
    return found


def _has_text(problem: "Text2TextProblem") -> bool:
    """Return whether a problem has samples; some make ids only."""
    from t2t_hint_nart.data.text_problem import Text2TextProblem

    own = type(problem).generate_samples is not Text2TextProblem.generate_samples
    return own or not problem.encodes_samples_itself


def _ids_as_text(
    problem: "Text2TextProblem", data_dir: PathLike, tmp_dir: PathLike, split: str
) -> Iterator[dict[str, str]]:
    """Yield the ids of a problem without text, written out: what is counted of them is the same."""
    seed_generators(problem.random_seed)
    for features in problem.generate_encoded_samples(data_dir, tmp_dir, split):
        yield {name: " ".join(map(str, ids)) for name, ids in features.items()}


def first_refusal(filters: PairFilters, inputs: str, targets: str) -> str | None:
    """Return the name of the first filter that does not keep a pair, None if all do.

    Example:
        >>> filters = {"empty": lambda s, t: bool(s and t), "identical": lambda s, t: s != t}
        >>> [first_refusal(filters, "Ja", target) for target in ("", "Ja", "Yes")]
        ['empty', 'identical', None]
    """
    return next((name for name, keep in filters.items() if not keep(inputs, targets)), None)


def all_counts(texts: Mapping[str, SplitText]) -> dict[str, dict[str, Any]]:
    """Return the counts of every split, held-out ones compared with the training text."""
    training = texts.get(DatasetSplit.TRAIN)
    return {
        split: text.counts(None if split == DatasetSplit.TRAIN else training)
        for split, text in texts.items()
    }


def _digest(text: str, prefix: bytes = b"") -> bytes:
    content = prefix + text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


def _number_in(held_out: "array[int]", training: "array[int]") -> int:
    """Return how many held-out digests, repeated ones counted each time, are in training."""
    return int(np.isin(np.asarray(held_out), np.unique(np.asarray(training))).sum())
