"""The Transformer that refines what it said: iterative refinement with denoising."""

from typing import Any, NamedTuple

import keras
from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.embedding import SymbolEmbedding
from t2t_hint_nart.layers.length_classifier import LengthClassifier
from t2t_hint_nart.layers.rows import to_states
from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.losses.length_offset import length_offset_loss
from t2t_hint_nart.losses.likelihood import smoothed_cross_entropy
from t2t_hint_nart.models.corruption import LEAST_WORD, corrupt
from t2t_hint_nart.models.decoder_input import COPIES
from t2t_hint_nart.models.encoder import preprocess
from t2t_hint_nart.models.network import ENCODER_ATTENTION, Canvas, Output, Source
from t2t_hint_nart.models.transformer_nat import (
    NatDecoderLayer,
    OnePassTransformer,
    target_attention_mask,
)


class RefinedSource(NamedTuple):
    """What refinement needs of a source.

    Attributes:
        source: the encoder's output.
        copied: float[B, S, D], what the first iteration's input is a copy of.
        offsets: float[B, 2M + 1], logits of the target's length less the source's, −M..M.
    """

    source: Source
    copied: Any
    offsets: Any


class Refiner(keras.layers.Layer):
    """The decoder of all iterations but the first: layers and a softmax of its own, or shared.

    Args:
        hparams: a transformer_nat_refinement set.
        num_layers: N.
        softmax: the table of its input and output; None: one of its own.
        vocab_size: V.
    """

    def __init__(self, hparams: HParams, num_layers: int, softmax, vocab_size: int, **kwargs):
        super().__init__(**kwargs)
        if softmax is None:
            softmax = SymbolEmbedding(vocab_size, hparams.hidden_size, name="softmax")
        self.softmax = softmax
        for index in range(num_layers):
            setattr(self, f"layer_{index}", NatDecoderLayer(hparams, name=f"layer_{index}"))
        self.final = preprocess(hparams, "final")
        self.built = True


class TransformerNatRefinement(OnePassTransformer):
    """Two one-pass decoders, the second of which refines what was said (Lee et al. 2018).

    The first reads a copy of the source's embeddings with their positions (`decoder_input_type`).
    Each further iteration is the second decoder's, of √D·E[argmax] + the states that the softmax of
    the iteration before read, with gradient through the states; both have the target's positions
    added. Training sums the cross-entropies of `training_iterations` at the reference's length;
    with probability `denoising_prob` the tokens of an input are a corrupted reference
    (models.corruption) in the place of the argmax. The authors' code draws that once a batch, this
    once a sentence, as fairseq's version does: every update has some of both. A classifier gives
    the length.

    Ours where the authors' code differs: T2T's attention, divided by √(D/H); every decoder layer
    reads the last layer of the encoder, there the one of its own depth; T2T's layer norm. Without
    `shared_embedding_and_softmax_weights` source and decoders have a table each, as there.

    Args:
        hparams: a transformer_nat_refinement set.
        vocab_size: V.
        source_vocab_size: of the source; V when None.
        target_space_id: T2T's space id of the target language.
    """

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(hparams, vocab_size, **kwargs)
        check_choice("decoder_input_type", hparams.decoder_input_type, tuple(COPIES))
        self.copy_source = COPIES[hparams.decoder_input_type]
        self.label_smoothing = hparams.label_smoothing
        self.training_iterations = hparams.training_iterations
        self.denoising_prob = hparams.denoising_prob
        self.corruption_shares = (hparams.corruption_first, hparams.corruption_last)
        is_shared = self.input_embedding is self.softmax
        self.refiner = Refiner(
            hparams, self.num_decoder_layers, self.softmax if is_shared else None, vocab_size
        )
        self.target_embedding = self.refiner.softmax
        self.length = LengthClassifier(
            hparams.hidden_size, hparams.max_length_offset, hparams.length_dropout, name="length"
        )
        self.draws = keras.random.SeedGenerator()

    def _add_target_embedding(self) -> None:
        """The second decoder has it."""

    def encode(self, inputs, training=False, probes=()) -> RefinedSource:
        """Encode sources int[B, S]; args as `Network.encode`.

        Lengths are classified by the sum of what the first layer of the encoder reads and of what
        all but the last give.
        """
        mask, embedded = ops.not_equal(inputs, 0), self.input_embedding(inputs)
        layers, weights = self.encoder.run_layers(embedded, mask, training=training)
        size = ops.shape(inputs)[1]
        states = self.encoder.finish(layers[-1], size, training=training)
        asked = {ENCODER_ATTENTION: ops.stack(weights, 1)} if ENCODER_ATTENTION in probes else {}
        summed = to_states(sum(layers[1:-1], layers[0]), size)
        offsets = self.length(summed, mask, training=training)
        copied = embedded
        if self.has_timing:
            copied = copied + timing_signal(ops.arange(size), self.hidden_size, embedded.dtype)
        return RefinedSource(Source(states, mask, asked), copied, offsets)

    def length_logits(self, source: RefinedSource):
        """Logits of the offsets −M..M, target length less source length: float[B, 2M + 1]."""
        return source.offsets

    def refine(self, source: RefinedSource, canvas: Canvas, states=None, training=False, probes=()):
        """One iteration.

        Args:
            source: as `encode` gives it.
            canvas: with the tokens of the iteration before; without tokens it is the first.
            states: float[B, T, D], what the iteration before gave; None for none.
            training: whether dropout is on.
            probes: names of those to make.

        Returns:
            Output, and states float[B, T, D] for the iteration after it.
        """
        encoded, copied, _ = source
        if canvas.tokens is None:
            stack, known = self, self.copy_source(copied, encoded.mask, canvas.mask)
        else:
            stack, known = self.refiner, self.refiner.softmax(canvas.tokens)
        if states is not None:
            known = known + states
        positions = ops.arange(ops.shape(canvas.mask)[1])
        timing = timing_signal(positions, self.hidden_size, encoded.states.dtype)
        if self.has_timing:
            known = known + timing
        allowed = target_attention_mask(canvas.mask, self.attention_without_self)
        final, length, asked = self._run_layers(
            stack, known, encoded, allowed, timing, training=training, probes=probes
        )
        logits = to_states(stack.softmax.logits(final), length)
        return Output(logits, canvas.mask, asked), to_states(final, length)

    def decode(self, source: RefinedSource, canvas: Canvas, training=False, probes=()) -> Output:
        """One iteration by itself: the first, or of known tokens, without states before it."""
        return self.refine(source, canvas, None, training, probes)[0]

    def call(self, inputs, targets, training=False, probes=()) -> Output:
        """Predict targets by all iterations of training; args as `Network.call`.

        Returns:
            Output: the last iteration, so that metrics are of what is said in the end, with the
            cross-entropies of those before it as terms `iteration_<i>`, and `length`.
        """
        source = self.encode(inputs, training=training, probes=probes)
        targets = ops.cast(targets, "int32")
        mask = ops.not_equal(targets, 0)
        canvas, states, terms = Canvas(mask), None, {}
        for iteration in range(1, self.training_iterations):
            output, states = self.refine(source, canvas, states, training)
            terms[f"iteration_{iteration}"] = smoothed_cross_entropy(
                output.logits, targets, self.label_smoothing
            )
            canvas = Canvas(mask, self._next_tokens(output.logits, targets, iteration, training))
        output, _ = self.refine(source, canvas, states, training, probes)
        terms["length"] = length_offset_loss(source.offsets, source.source.mask, mask)
        return output._replace(terms=terms)

    def corruption_share(self, iteration: int) -> float:
        """The share w of tokens that are corrupted after an iteration, counted from 1.

        From `corruption_first` to `corruption_last` in equal steps.
        """
        first, last = self.corruption_shares
        steps = max(self.training_iterations - 2, 1)
        return first + (last - first) * (iteration - 1) / steps

    def _next_tokens(self, logits, targets, iteration: int, training: bool):
        """What the iteration after one reads: its argmax, or sometimes in training other noise."""
        said = ops.cast(ops.argmax(logits, axis=-1), "int32")
        tokens = ops.where(ops.not_equal(targets, 0), said, 0)
        if not training or not self.denoising_prob:
            return tokens
        size = ops.shape(targets)
        corrupted = corrupt(
            targets,
            self.corruption_share(iteration),
            keras.random.uniform(size, dtype="float32", seed=self.draws),
            keras.random.randint(size, 0, 3, "int32", seed=self.draws),
            keras.random.randint(size, LEAST_WORD, self.vocab_size, "int32", seed=self.draws),
        )
        chance = keras.random.uniform((size[0], 1), dtype="float32", seed=self.draws)
        return ops.where(chance < self.denoising_prob, corrupted, tokens)
