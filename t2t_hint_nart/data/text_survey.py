"""What a problem's text holds, counted before anything is written (no TensorFlow).

One pass over the text of every split finds what is wrong with it, what the filters refuse, which
pairs occur twice and what of the held-out text occurs in training too. Texts are remembered as
64-bit digests in arrays, 16 bytes a pair: two of 4.5 million different pairs look alike with a
probability of 1 in two million.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from t2t_hint_nart.data.encoding_pass import EncodingPass
from t2t_hint_nart.data.pair_filters import NONE, first_refusal
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.data.workspace import Workspace
from t2t_hint_nart.progress import Progress

_DIGEST_BYTES = 8


class SplitText:
    """Counts of one split, whose filters have the names given.

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
        """Return what the data report says of this text, held-out text compared with `training`."""
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


def survey_text(workspace: Workspace, passes: Sequence[EncodingPass]) -> dict[str, SplitText]:
    """Read the text of all splits once, and return the counts of each.

    `passes` say which samples belong to which split.
    """
    problem = workspace.problem
    found: dict[str, SplitText] = {}
    for part in passes:
        filters = problem.pair_filters(part.split) if problem.has_text else NONE
        texts = [found.setdefault(split, SplitText(list(filters))) for split in part.splits]
        split = part.split
        samples = workspace.samples(split) if problem.has_text else _ids_as_text(workspace, split)
        progress = Progress(problem.progress, f"reading {split}", "sentence pairs")
        for number, sample in enumerate(progress.counting(samples)):
            inputs, targets = sample["inputs"], sample["targets"]
            refused_by = first_refusal(filters, inputs, targets)
            texts[number % len(texts)].add(inputs, targets, refused_by)
    return found


def _ids_as_text(workspace: Workspace, split: str) -> Iterator[dict[str, str]]:
    """Yield the ids of a problem without text, written out: what is counted of them is the same."""
    for features in workspace.encoded_samples(split):
        yield {name: " ".join(map(str, ids)) for name, ids in features.items()}


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
