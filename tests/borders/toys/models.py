"""Two models of plain Keras layers, what one of them minimises and how it is decoded."""

import keras
import tensorflow as tf
from keras import ops

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.parallel import ParallelPass
from t2t_hint_nart.decoding.reading import read_collapsed
from t2t_hint_nart.losses.term import Criterion, LossTerm, Scalar
from t2t_hint_nart.models.network import Canvas, Network, Output, Source

# Positions of the output for each one of the source.
UPSAMPLED = 2


@registry.register_model
class ToyRecurrent(Network):
    """Reads the source with one recurrent layer and goes on with another, token by token."""

    def __init__(self, hparams, vocab_size, source_vocab_size=None, target_space_id=0):
        super().__init__()
        self.vocab_size = vocab_size
        width = hparams.hidden_size
        self.source_embedding = keras.layers.Embedding(source_vocab_size or vocab_size, width)
        self.target_embedding = keras.layers.Embedding(vocab_size, width)
        self.reader = keras.layers.SimpleRNN(width)
        self.cell = keras.layers.SimpleRNNCell(width)
        self.writer = keras.layers.RNN(self.cell, return_sequences=True)
        self.softmax = keras.layers.Dense(vocab_size)

    def encode(self, inputs, training=False, probes=()):
        """The state after the last real token: float[B, D]."""
        return self.reader(self.source_embedding(inputs), mask=ops.not_equal(inputs, 0))

    def decode(self, source, canvas, training=False, probes=()):
        """Every token from those before it."""
        shifted = ops.pad(canvas.tokens[:, :-1], [[0, 0], [1, 0]])
        states = self.writer(self.target_embedding(shifted), initial_state=source)
        return Output(self.softmax(states), canvas.mask)

    def start(self, source, room):
        """No memory, and a state without an axis of time."""
        return (), source

    def step(self, ids, position, memory, state):
        """One token more."""
        output, _ = self.cell(self.target_embedding(ids), [state])
        return self.softmax(output), output


@registry.register_model("toy_upsampled", strategy="toy_collapsed", criterion="toy_ctc")
class ToyUpsampled(Network):
    """Two positions for every source token, each of which says a token or nothing."""

    def __init__(self, hparams, vocab_size, source_vocab_size=None, target_space_id=0):
        super().__init__()
        self.vocab_size = vocab_size
        width = hparams.hidden_size
        self.embedding = keras.layers.Embedding(source_vocab_size or vocab_size, width)
        self.layers_of_mine = [
            keras.layers.Conv1D(width, 3, padding="same", activation="relu"),
            keras.layers.Dense(UPSAMPLED * width),
        ]
        self.softmax = keras.layers.Dense(vocab_size)

    def encode(self, inputs, training=False, probes=()):
        """The embedded source, zero at padding."""
        mask = ops.not_equal(inputs, 0)
        return Source(self.embedding(inputs) * ops.cast(mask, "float32")[:, :, None], mask)

    def decode(self, source, canvas, training=False, probes=()):
        """All positions at once."""
        convolution, upsampling = self.layers_of_mine
        states = upsampling(convolution(source.states))
        shape = ops.shape(states)
        states = ops.reshape(states, (shape[0], UPSAMPLED * shape[1], shape[2] // UPSAMPLED))
        return Output(self.softmax(states)[:, : ops.shape(canvas.mask)[1]], canvas.mask)

    def call(self, inputs, targets, training=False, probes=()):
        """As many positions as the source asks for, whatever the target's length."""
        source = self.encode(inputs)
        return self.decode(source, Canvas(ops.repeat(source.mask, UPSAMPLED, axis=1)))


@registry.register_criterion("toy_ctc")
class ToyCtc(Criterion):
    """Connectionist temporal classification, PAD being the blank."""

    scalar = Scalar("ctc", "losses/ctc", "ctc")

    def __call__(self, step):
        """Summed over sentences, in nats; the count is that of their tokens, without EOS."""
        lengths = tf.reduce_sum(tf.cast(step.targets > 1, tf.int32), axis=1)
        losses = tf.nn.ctc_loss(
            step.targets,
            step.output.logits,
            lengths,
            tf.reduce_sum(tf.cast(step.output.mask, tf.int32), axis=1),
            logits_time_major=False,
            blank_index=0,
        )
        return LossTerm(tf.reduce_sum(losses), tf.cast(tf.reduce_sum(lengths), tf.float32))


@registry.register_strategy("toy_collapsed")
class ToyCollapsed(ParallelPass):
    """One pass over twice the source, without blanks and repetitions."""

    reading = staticmethod(read_collapsed)

    def lengths(self, inputs, halfwidth):
        """Twice the source's."""
        return UPSAMPLED * tf.reduce_sum(tf.cast(inputs != 0, tf.int32), axis=1, keepdims=True)
