"""N-gram model of token ids: absolute discounting, interpolated (Ney, Essen & Kneser 1994).

With c counts of the training sentences, h the n-1 ids before w and h' the same without the oldest,

    p(w | h) = max(c(h w) - D_n, 0) / c(h) + D_n N(h) / c(h) p(w | h'),   p(w | h') if c(h) = 0

where N(h) is the number of different ids seen after h; Chen & Goodman (1998) describe it. Below
one-grams stands 1 / (V - 1): every id but 0 may follow, id 1 ending a sentence. Zeros stand before
its beginning. With n_r the n-grams seen r times, D_n = n_1 / (n_1 + 2 n_2), or 1/2 where one of the
two is 0. Lower orders have plain counts, not those of Kneser & Ney. In the form of a back-off model
p(w | h) is as above where h w was seen, and D_n N(h) / c(h) p(w | h') where only h was.
"""

from collections import Counter, defaultdict

import numpy as np

START_ID, END_ID = 0, 1


def n_gram_counts(sentences, order):
    """For n = 1 .. order a dict from h, a tuple of n-1 ids, to a Counter of ids w."""
    counts = [defaultdict(Counter) for _ in range(order)]
    for sentence in sentences:
        padded = (START_ID,) * (order - 1) + tuple(sentence) + (END_ID,)
        for i in range(order - 1, len(padded)):
            for n in range(1, order + 1):
                counts[n - 1][padded[i - n + 1 : i]][padded[i]] += 1
    return counts


def estimated_discount(followers):
    """n_1 / (n_1 + 2 n_2) of one order's counts; 1/2 where one of the two is 0."""
    seen = Counter(count for after in followers.values() for count in after.values())
    return seen[1] / (seen[1] + 2.0 * seen[2]) if seen[1] and seen[2] else 0.5


class NGramModel:
    """Probabilities of ids 1 .. V-1 after any others; sentences are of ids from 2."""

    def __init__(self, sentences, order, vocab_size, discounts=None):
        self.order, self.vocab_size = order, vocab_size
        self.counts = n_gram_counts(sentences, order)
        self.discounts = discounts or [estimated_discount(counts) for counts in self.counts]

    def probability(self, history, word):
        """p(word | history), history being all ids of the sentence so far."""
        padded = (START_ID,) * (self.order - 1) + tuple(history)
        result = 1.0 / (self.vocab_size - 1)
        for n in range(1, self.order + 1):
            after = self.counts[n - 1].get(padded[len(padded) - n + 1 :])
            if after is None:
                break
            total, discount = sum(after.values()), self.discounts[n - 1]
            rest = discount * len(after) / total
            result = max(after[word] - discount, 0.0) / total + rest * result
        return result

    def log_prob(self, history, word):
        """log p(word | history), in nats."""
        return float(np.log(self.probability(history, word)))

    def sentence_log_prob(self, sentence, with_end=True):
        """Sum of log p over its ids, and of its end unless told otherwise."""
        words = tuple(sentence) + ((END_ID,) if with_end else ())
        return sum(self.log_prob(words[:i], word) for i, word in enumerate(words))
