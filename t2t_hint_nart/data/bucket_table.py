"""Length buckets: which sentences are batched together and how many at a time (no TensorFlow).

Tensor2tensor's batching scheme: `batch_size` counts tokens, sentences of similar length share a
batch, and every batch of a bucket holds the same number of sentences.
"""

import bisect
from dataclasses import dataclass

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams

# Numbers with many divisors, from tensor2tensor's data_reader.
_HIGHLY_COMPOSITE = (
    1, 2, 4, 6, 12, 24, 36, 48, 60, 120, 180, 240, 360, 720, 840, 1260, 1680, 2520, 5040, 7560,
    10080, 15120, 20160, 25200, 27720, 45360, 50400, 55440, 83160, 110880, 166320, 221760, 277200,
    332640, 498960, 554400, 665280, 720720, 1081080, 1441440, 2162160, 2882880, 3603600, 4324320,
    6486480, 7207200, 8648640, 10810800, 14414400, 17297280, 21621600, 32432400, 36756720,
    43243200, 61261200, 73513440, 110270160,
)  # fmt: skip


@dataclass(frozen=True)
class BucketTable:
    """Which lengths share a batch, and how many sentences a batch of them holds.

    The length of a sentence pair is the longer of its two sides, EOS included. Bucket i takes
    boundaries[i-1] <= length < boundaries[i]; the last one ends at max_length, inclusive.

    Attributes:
        boundaries: first length of each bucket but the first, ascending.
        batch_sizes: sentences a batch, one more entry than `boundaries`.
        max_length: the longest length of the last bucket, in tokens.

    Example:
        >>> table = BucketTable(boundaries=(8, 16), batch_sizes=(12, 6, 4), max_length=24)
        >>> table.bucket(7), table.bucket(8), table.padded_length(8)
        (0, 1, 15)
        >>> table.shapes
        ((12, 7), (6, 15), (4, 24))
        >>> table.peak_tokens
        96
    """

    boundaries: tuple[int, ...]
    batch_sizes: tuple[int, ...]
    max_length: int

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(sentences, padded length) of each bucket's batches."""
        lengths = [boundary - 1 for boundary in self.boundaries] + [self.max_length]
        return tuple(zip(self.batch_sizes, lengths, strict=True))

    @property
    def peak_tokens(self) -> int:
        """Padded tokens a side in the largest batch."""
        return max(sentences * length for sentences, length in self.shapes)

    def bucket(self, length: int) -> int:
        """Return the index of the bucket that takes a length (the last one if it is too long)."""
        return bisect.bisect_right(self.boundaries, length)

    def padded_length(self, length: int) -> int:
        """Return the length a sentence is padded to: its bucket's longest, or its own if longer."""
        return max(length, self.shapes[self.bucket(length)][1])

    def __str__(self) -> str:
        shapes = [f"{sentences}x{length}" for sentences, length in self.shapes]
        which = f"{len(shapes)} batch shapes, from {shapes[0]} to {shapes[-1]}"
        if len(shapes) == 1:
            which = f"one batch shape, {shapes[0]}"
        return f"{which} (sentences x tokens), at most {self.peak_tokens} padded tokens a side"


def _boundaries(max_length: int, min_length_bucket: int, length_bucket_step: float) -> list[int]:
    boundaries = []
    boundary = min_length_bucket
    while boundary < max_length:
        boundaries.append(boundary)
        boundary = max(boundary + 1, int(boundary * length_bucket_step))
    return boundaries


def _divisors_at_most(window: int, sizes: list[int]) -> list[int]:
    divisors = [divisor for divisor in range(1, max(sizes) + 1) if window % divisor == 0]
    return [divisors[bisect.bisect_right(divisors, size) - 1] for size in sizes]


def bucket_table(
    batch_size: int,
    max_length: int = 0,
    min_length_bucket: int = 8,
    length_bucket_step: float = 1.1,
    replicas: int = 1,
) -> BucketTable:
    """Return tensor2tensor's bucket table.

    Boundaries grow by `length_bucket_step`, at least by one. A bucket's batch holds
    batch_size // boundary sentences, rounded down to a divisor of the largest highly composite
    number that is at most three times the biggest of them (T2T data_reader.batching_scheme, same
    in 1.2.9 and 1.15). A larger step means fewer batch shapes, hence fewer compiled graphs.

    Args:
        batch_size: tokens a replica and step, on the longer side.
        max_length: longest sentence, EOS included; 0 means `batch_size`.
        min_length_bucket: first boundary.
        length_bucket_step: growth of the boundaries, above 1.
        replicas: devices one batch is divided over; multiplies every batch.

    Example:
        >>> bucket_table(256, max_length=32, length_bucket_step=2.0).shapes
        ((30, 7), (15, 15), (6, 32))
    """
    if batch_size < 1:
        raise InputError(f"batch_size (in tokens) must be at least 1, got {batch_size}")
    if max_length < 0 or min_length_bucket < 1 or replicas < 1:
        raise InputError(
            "max_length must be at least 0, min_length_bucket and replicas at least 1, got "
            f"{max_length}, {min_length_bucket} and {replicas}"
        )
    if length_bucket_step <= 1.0:
        raise InputError(f"length_bucket_step must be above 1.0, got {length_bucket_step}")
    max_length = max_length or batch_size
    if max_length < min_length_bucket:
        raise InputError(
            f"max_length ({max_length}) must be at least min_length_bucket ({min_length_bucket})"
        )
    boundaries = _boundaries(max_length, min_length_bucket, length_bucket_step)
    sizes = [max(1, batch_size // length) for length in [*boundaries, max_length]]
    window = max(number for number in _HIGHLY_COMPOSITE if number <= 3 * max(sizes))
    sizes = [size * replicas for size in _divisors_at_most(window, sizes)]
    return BucketTable(tuple(boundaries), tuple(sizes), max_length)


def bucket_table_from_hparams(hparams: HParams, replicas: int = 1) -> BucketTable:
    """Return the bucket table an hparams set asks for.

    Reads batch_size, max_length, min_length_bucket and length_bucket_step; with
    `use_fixed_batch_size` there is one bucket of `batch_size` sentences of max_length tokens.
    """
    if hparams.get("use_fixed_batch_size", False):
        if hparams.batch_size < 1 or hparams.max_length < 1:
            raise InputError(
                "use_fixed_batch_size needs batch_size and max_length of at least 1, got "
                f"{hparams.batch_size} and {hparams.max_length}"
            )
        return BucketTable((), (hparams.batch_size * replicas,), hparams.max_length)
    return bucket_table(
        hparams.batch_size,
        hparams.max_length,
        hparams.min_length_bucket,
        hparams.length_bucket_step,
        replicas,
    )
