"""Step functions whose distribution after any prefix is known exactly."""

import numpy as np
import tensorflow as tf

EOS = 1
_MODULUS = 9973
_WEIGHTS = np.array([0, 101, 211, 307, 401, 503, 601, 701, 809, 907, 1009, 1103], np.int32)


class HistoryModel:
    """Logits depend on the sentence's key and on every earlier token, read from the state alone.

    The state is nested, {"key": int32[N], "cache": (int32[N, room],)}; the cache holds the tokens
    seen so far, so a state that does not follow its hypothesis gives other logits.
    """

    def __init__(self, vocab_size, eos_bias=0.0):
        self.vocab_size = vocab_size
        self.eos_bias = eos_bias
        self.calls = 0

    def states(self, keys, room=12):
        keys = tf.convert_to_tensor(keys, tf.int32)
        return {"key": keys, "cache": (tf.zeros([tf.shape(keys)[0], room], tf.int32),)}

    def __call__(self, last_ids, step, states):
        self.calls += 1
        cache = states["cache"][0]
        positions = tf.range(tf.shape(cache)[1])
        cache = tf.where(positions == step, last_ids[:, None], cache)
        weights = tf.where(positions <= step, tf.constant(_WEIGHTS)[: tf.shape(cache)[1]], 0)
        code = (states["key"] * 7919 + tf.reduce_sum((cache + 1) * weights, axis=1)) % _MODULUS
        return self.logits(code), {"key": states["key"], "cache": (cache,)}

    def logits(self, code):
        ids = tf.range(self.vocab_size, dtype=tf.float64)
        logits = 3.0 * tf.sin(tf.cast(code, tf.float64)[:, None] * (ids + 1.0) * 0.731 + ids)
        logits += self.eos_bias * tf.cast(ids == EOS, tf.float64)
        return tf.cast(logits, tf.float32)

    def log_probs(self, key):
        """What the oracles need: prefix (a tuple without the start symbol) -> float64[V]."""

        def after(prefix):
            code = key * 7919 + sum(
                (token + 1) * int(weight)
                for token, weight in zip(prefix, _WEIGHTS[1:], strict=False)
            )
            ids = np.arange(self.vocab_size, dtype=np.float64)
            logits = 3.0 * np.sin((code % _MODULUS) * (ids + 1.0) * 0.731 + ids)
            logits += self.eos_bias * (ids == EOS)
            return logits - np.log(np.sum(np.exp(logits)))

        return after


class HistoryNetwork:
    """A HistoryModel as a stepwise model: the first id of the inputs is the key.

    The key is memory, which a search repeats for its hypotheses, and the cache is state.
    """

    def __init__(self, vocab_size, eos_bias=0.0):
        self.vocab_size = vocab_size
        self.model = HistoryModel(vocab_size, eos_bias)
        self.rooms = []

    def encode(self, inputs):
        return inputs[:, 0]

    def start(self, source, room):
        return source, self.model.states(source, room)["cache"]

    def grow(self, state, positions):
        return (tf.pad(state[0], [[0, 0], [0, positions]]),)

    def step(self, ids, position, memory, state):
        self.rooms.append(state[0].shape[1])
        logits, states = self.model(ids, position, {"key": memory, "cache": state})
        return logits, states["cache"]


class RecurrentNetwork:
    """The same distribution from a state without an axis of time, which needs no room."""

    def __init__(self, vocab_size, eos_bias=0.0):
        self.vocab_size = vocab_size
        self.model = HistoryModel(vocab_size, eos_bias)

    def encode(self, inputs):
        return inputs[:, 0]

    def start(self, source, room):
        return {}, {"code": source * 7919}

    def step(self, ids, position, memory, state):
        code = state["code"] + (ids + 1) * tf.gather(tf.constant(_WEIGHTS), position)
        return self.model.logits(code % _MODULUS), {"code": code}


class PrefixModel:
    """One sentence's distribution written out by hand, for eager use.

    Args:
        vocab_size: V.
        table: {prefix: {id: probability}}; ids not named share what is left, and after a prefix not
            named EOS has probability one.
    """

    def __init__(self, vocab_size, table):
        self.vocab_size = vocab_size
        self.table = table
        self.calls = 0

    def states(self, batch, steps):
        return tf.zeros([batch, steps], tf.int32)

    def __call__(self, last_ids, step, history):
        self.calls += 1
        history = history.numpy()
        history[:, int(step)] = last_ids.numpy()
        rows = [self._row(tuple(row[1 : int(step) + 1].tolist())) for row in history]
        return tf.constant(np.log(np.array(rows)), tf.float32), tf.constant(history)

    def _row(self, prefix):
        named = self.table.get(prefix, {EOS: 1.0})
        rest = max(1.0 - sum(named.values()), 1e-12) / max(self.vocab_size - len(named), 1)
        return [named.get(v, rest) for v in range(self.vocab_size)]
