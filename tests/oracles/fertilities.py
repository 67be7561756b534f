"""What fertilities make of a source: repetition, what is admitted, and their cross-entropy."""

import numpy as np


def repetition(source, fertilities, length):
    """float[length, D]: each row as often as its fertility says, up to so many.

    Fertilities that sum to another number than `length` are stretched to it from the end: the last
    position is the last copy, each position before it lies Σ/length copies further ahead.
    """
    copies = [row for row, times in zip(source, fertilities, strict=True) for _ in range(times)]
    places = [len(copies) - 1 - back * len(copies) // length for back in reversed(range(length))]
    return np.array([copies[place] for place in places])


def admitted(fertilities, ids):
    """Fertilities of one sentence ids, EOS 1 and padding 0 among them, as they may be used."""
    length = sum(token != 0 for token in ids)
    ends = sum(token == 1 for token in ids)
    room = 2 * length - ends
    found, words = [], [j for j, token in enumerate(ids) if token > 1]
    chosen = {j: int(fertilities[j]) for j in words}
    if words and not any(chosen.values()):
        chosen[words[0]] = 1
    for j, token in enumerate(ids):
        taken = min(chosen.get(j, 0), room)
        room -= taken
        found.append(1 if token == 1 else taken)
    return found


def cross_entropy(logits, fertilities, words):
    """Summed −log softmax(logits)[min(f, K − 1)] of words, and their number."""
    total, count = 0.0, 0
    for b, j in np.argwhere(words):
        row = logits[b, j]
        label = min(int(fertilities[b, j]), len(row) - 1)
        total -= row[label] - np.log(sum(np.exp(value) for value in row))
        count += 1
    return total, count
