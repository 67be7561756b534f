"""Latents one after the other, then all tokens at once; samples of latents for a scorer to rank."""

from typing import Any

import tensorflow as tf

from t2t_hint_nart.decoding.draws import sample, sentence_draws
from t2t_hint_nart.decoding.reading import read_until_eos
from t2t_hint_nart.decoding.sampled import Sampled
from t2t_hint_nart.decoding.search import Hypotheses, repeat_sentences
from t2t_hint_nart.models.network import Canvas
from t2t_hint_nart.models.protocol import LatentVariable, require


def draw_latents(
    network: LatentVariable, source: Any, draws: tf.Tensor, temperature: float
) -> tf.Tensor:
    """Predict latents one after the other, a row for each candidate.

    The first candidate of a sentence has the most probable digits, the others sampled ones.

    Args:
        network: gives the logits of the next latent from those before it.
        source: of B sentences.
        draws: float32[B, N, M, n], at least 0 and below 1, one for every digit.
        temperature: τ of softmax(logits / τ) that samples are drawn from.

    Returns:
        int32[B·N, M].
    """
    shape = tf.shape(draws)
    count, steps = shape[1], shape[2]
    memory, state = network.start_latents(source, steps)
    memory, state = repeat_sentences((memory, state), count)
    rows = tf.reshape(draws, [-1, steps, draws.shape[3]])
    is_best = tf.tile(tf.range(count) == 0, [shape[0]])[:, None]

    def extend(position: tf.Tensor, latents: tf.Tensor, last: tf.Tensor, state: Any) -> tuple:
        logits, state = network.step_latents(last, position, memory, state)
        best = tf.argmax(logits, axis=-1, output_type=tf.int32)
        digits = tf.where(is_best, best, sample(logits, rows[:, position], temperature))
        last = network.latents_of(digits)
        latents = tf.where(tf.range(steps) == position, last[:, None], latents)
        return position + 1, latents, last, state

    latents = tf.zeros(tf.shape(rows)[:2], tf.int32)
    _, latents, _, _ = tf.while_loop(
        lambda position, *_: position < steps,
        extend,
        (tf.constant(0), latents, latents[:, 0], state),
    )
    return latents


class Latent(Sampled):
    """Greedy latents, and N − 1 samples of them, each decoded in one pass of 2S positions.

    T2T re-samples latents 16 times in place of drawing them one by one, and ranks nothing; its
    greedy search (sampling_temp=0 there) is a beam of 1 over latents, which is this one's first
    candidate. A sentence ends with its first EOS.
    """

    def candidates(
        self, network: LatentVariable, inputs: tf.Tensor, count: tf.Tensor | int
    ) -> Hypotheses:
        """Decode so many candidates; args and result as `Sampled.candidates`.

        Raises:
            InputError: the model has no latents.
        """
        require(network, LatentVariable, "decoding from latents")
        source = network.encode(inputs)
        steps = tf.maximum(tf.reduce_max(network.latent_lengths(source)), 1)
        digits = network.latent_digits
        draws = sentence_draws(inputs, count, steps * digits)
        batch = tf.shape(inputs)[0]
        draws = tf.reshape(draws, [batch, count, steps, digits])
        latents = draw_latents(network, source, draws, self.settings.sampling_temp)
        lengths = 2 * tf.reduce_sum(tf.cast(inputs != 0, tf.int32), axis=1)
        # The longest of no sentences is below 0.
        longest = tf.maximum(tf.reduce_max(lengths), 0)
        mask = tf.sequence_mask(tf.repeat(lengths, count), longest)
        output = network.decode_latents(repeat_sentences(source, count), latents, Canvas(mask))
        ids, log_probs = read_until_eos(output.logits, mask)
        return Hypotheses(
            tf.reshape(ids, [batch, count, longest]), tf.reshape(log_probs, [batch, count])
        )
