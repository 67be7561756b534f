"""Bucket boundaries and batch sizes of tensor2tensor (utils/data_reader.py, _batching_scheme).

boundaries: x = min_length_bucket; next x = max(x+1, int(x * step)); while x < max_length
raw size of a bucket: max(1, batch_size // upper boundary); the last one's upper is max_length
window: the largest highly composite number <= 3 * the largest raw size
size: the largest divisor of the window <= the raw size; then times the number of GPUs
"""


def boundaries(max_length, min_length_bucket=8, length_bucket_step=1.1):
    """Upper bounds (exclusive) of all buckets but the last."""
    result = []
    x = min_length_bucket
    while x < max_length:
        result.append(x)
        x = max(x + 1, int(x * length_bucket_step))
    return result


def divisors(number):
    """All divisors, ascending."""
    return [d for d in range(1, number + 1) if number % d == 0]


def highly_composite_number(limit):
    """The largest number <= limit with more divisors than every smaller number."""
    best, most = 1, 0
    for number in range(1, limit + 1):
        count = len(divisors(number))
        if count > most:
            best, most = number, count
    return best


def bucket_table(batch_size, max_length, min_length_bucket=8, length_bucket_step=1.1, num_gpus=1):
    """(boundaries, batch sizes): one batch size more than boundaries. max_length 0: batch_size."""
    longest = max_length or batch_size
    uppers = boundaries(longest, min_length_bucket, length_bucket_step)
    raw = [max(1, batch_size // upper) for upper in [*uppers, longest]]
    window = highly_composite_number(3 * max(raw))
    allowed = divisors(window)
    sizes = [max(d for d in allowed if d <= size) * num_gpus for size in raw]
    return uppers, sizes


def bucket_index(length, uppers):
    """Bucket of a sentence pair: lower <= length < upper; length = max of both sides with EOS."""
    for index, upper in enumerate(uppers):
        if length < upper:
            return index
    return len(uppers)
