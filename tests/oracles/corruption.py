"""Corruption of a reference, one position after the other (corrupt_target of dl4mt-nonauto).

k = max(floor(w n), 1) distinct positions before the last of n tokens, at most n - 1, in the order
of their draws. At each: its token over the next one, a random word in its place, or both exchanged.
"""

import math

COPY, REPLACE, SWAP = range(3)


def count(length, share):
    """How many positions are corrupted."""
    return max(min(max(math.floor(length * share + 1e-9), 1), length - 1), 0)


def corrupt(tokens, share, order, kinds, words):
    """One sentence: a list without padding, and for each position a draw, a kind and a word."""
    tokens = list(tokens)
    places = sorted(range(len(tokens) - 1), key=lambda place: order[place])
    for place in places[: count(len(tokens), share)]:
        if kinds[place] == COPY:
            tokens[place + 1] = tokens[place]
        elif kinds[place] == REPLACE:
            tokens[place] = words[place]
        else:
            tokens[place], tokens[place + 1] = tokens[place + 1], tokens[place]
    return tokens
