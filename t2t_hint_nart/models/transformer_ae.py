"""The latent Transformer: a few discrete latents one by one, then all tokens in one pass."""

import keras
from keras import ops

from t2t_hint_nart.errors import InputError, check_choice
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.discrete_bottleneck import DiscreteBottleneck, from_digits, to_digits
from t2t_hint_nart.layers.linear import unit_scaling
from t2t_hint_nart.layers.precision import at_least_float32, wide
from t2t_hint_nart.layers.semantic_hashing import SemanticHashing
from t2t_hint_nart.layers.shift_right import shift_right
from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.layers.vector_quantization import VectorQuantization
from t2t_hint_nart.losses.term import LossTerm
from t2t_hint_nart.models.encoder_decoder import EncoderDecoder
from t2t_hint_nart.models.latent_prior import LatentPrior
from t2t_hint_nart.models.network import Canvas, Output, Source
from t2t_hint_nart.models.startup import exponential_rise, linear_rise
from t2t_hint_nart.models.target_compression import FACTOR, Compression, Decompression

# T2T's names of what is here, of its `bottleneck_kind`.
SEMHASH, DVQ = "semhash", "dvq"
KINDS = (SEMHASH, DVQ)


def bottleneck(hparams: HParams) -> DiscreteBottleneck:
    """Build the bottleneck that a set names.

    Raises:
        InputError: an unknown bottleneck_kind, or sizes that don't go together.
    """
    check_choice("bottleneck_kind", hparams.bottleneck_kind, KINDS)
    width, gain = hparams.hidden_size, hparams.initializer_gain
    filters = hparams.compress_filter_size
    if hparams.bottleneck_kind == SEMHASH:
        return SemanticHashing(
            hparams.z_size, width, filters, hparams.noise_dev, gain, name="bottleneck"
        )
    return VectorQuantization(
        hparams.z_size,
        hparams.num_blocks,
        width,
        filters,
        hparams.decay,
        hparams.epsilon,
        hparams.ema_count_start,
        gain,
        name="bottleneck",
    )


def added_positions(table, length, dtype):
    """Learned vectors float[P, D] of the first positions, 0 behind the last: dtype[length, D]."""
    known = table.shape[0]
    positions = ops.arange(length)
    vectors = ops.cast(ops.take(table, ops.minimum(positions, known - 1), axis=0), dtype)
    return vectors * ops.cast(ops.expand_dims(positions < known, 1), vectors.dtype)


class TransformerAe(EncoderDecoder):
    """Latents of the target, a prior that predicts them, a decoder that reads them all at once.

    Kaiser et al. (2018), "Fast decoding in sequence models using discrete latent variables", as in
    T2T 1.15 (models/research/transformer_vae.py, TransformerAE; 1.2.9 has another model of this
    name, whose decoder is autoregressive). In training the target, on a canvas of max(T, 2S)
    positions rounded up to 2^n, is compressed to a state for every 2^n = 8 of them, and each state
    to a number; the decoder, as many positions as the canvas, reads what these decompress to,
    shifted right, under a causal mask, and all of its outputs are predicted in one pass. The prior
    learns the numbers (the term `latent_pred`), from the step mask_startup_steps on.

    The blocks are this package's: dropout before the encoder is layer_prepostprocess_dropout,
    T2T's in addition `dropout`. A sentence has as many latents as its own lengths ask for, and
    convolutions see zeros behind its canvas: in T2T all of that depends on the batch, and so does
    word_shuffle, which permutes all sentences alike. As there, what is decompressed is shifted
    right, so that the first token is predicted from the source alone.

    Args:
        hparams: a transformer_ae set.
        vocab_size: V.
        source_vocab_size: of the source; V when None.
        target_space_id: T2T's space id of the target language.

    Raises:
        InputError: sizes of the bottleneck that don't go together.
    """

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(hparams, vocab_size, **kwargs)
        self.hparams = hparams
        digits = hparams.num_decode_blocks
        if hparams.z_size % digits:
            raise InputError(
                f"z_size {hparams.z_size} is not divisible by num_decode_blocks {digits}."
            )
        self.latent_digits = digits
        self.chunk = FACTOR**hparams.num_compress_steps
        self.compression = Compression(hparams, name="compression")
        self.bottleneck = bottleneck(hparams)
        self.decompression = Decompression(hparams, name="decompression")
        base = 2 ** (hparams.z_size // digits)
        self.prior = LatentPrior(hparams, digits, base, name="prior")
        shape = (hparams.max_length or hparams.batch_size, hparams.hidden_size)
        initializer = unit_scaling(hparams.initializer_gain)
        self.target_positions = self.add_weight(
            name="target_positions", shape=shape, initializer=initializer
        )
        self.latent_positions = self.add_weight(
            name="latent_positions", shape=shape, initializer=initializer
        )
        # Steps of training so far, a number that means over checkpoints and replicas may be of.
        self.steps = self.add_weight(
            name="steps",
            shape=(),
            dtype="float32",
            initializer="zeros",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )
        self.seed_generator = keras.random.SeedGenerator()

    def decode(self, source: Source, canvas: Canvas, training=False, probes=()) -> Output:
        """Predict the tokens of a canvas from latents of these tokens.

        Args and returns as `Network.decode`; terms are latent_pred, the prior's cross-entropy in
        nats a latent, and with codewords extra, β times the mean square of the distance to them.

        Raises:
            ValueError: the canvas has no tokens.
        """
        if canvas.tokens is None:
            raise ValueError("Without tokens latents are needed: decode_latents.")
        hparams, step = self.hparams, ops.convert_to_tensor(self.steps)
        tokens, mask = self._padded(source, canvas.tokens)
        embedded = self._with_positions(self._shuffled(tokens) if training else tokens)
        compressed = self.compression(embedded, mask, training=training)
        latent_mask = mask[:, :: self.chunk]
        share = hparams.d_mix * exponential_rise(step, 2 * hparams.startup_steps)
        found = self.bottleneck(compressed, latent_mask, share=share, training=training)
        dense, discrete = found.dense, ops.ones_like(latent_mask[:, :1])
        if training:
            discrete = self._drawn(ops.shape(discrete)) < exponential_rise(
                step, hparams.startup_steps
            )
            dense = ops.where(ops.expand_dims(discrete, 2), dense, compressed)
        states = self._decompressed(dense, latent_mask, source, training)
        if training and not hparams.use_predict_mask:
            states = self._mixed(embedded, states, step)
        output = self._parallel(states, source, ops.shape(canvas.tokens)[1], training, probes)
        terms = self._terms(source, found, latent_mask, discrete, step, training)
        if training:
            self.steps.assign(step + 1)
        return output._replace(mask=canvas.mask, terms=terms)

    def _terms(self, source, found, mask, discrete, step, training) -> dict[str, LossTerm]:
        """What the model adds to the objective, of latents whose sentence has discrete ones."""
        hparams = self.hparams
        real = ops.cast(mask, wide(self.compute_dtype))
        count, counted = ops.sum(real), real * ops.cast(discrete, real.dtype)
        logits = self.prior(self.bottleneck.embed(found.latents), source, training=training)
        logits = at_least_float32(logits)
        digits = to_digits(found.latents, self.prior.digits, self.prior.base)
        chosen = ops.take_along_axis(logits, ops.expand_dims(digits, 3), axis=3)
        losses = ops.sum(ops.logsumexp(logits, axis=3) - ops.squeeze(chosen, 3), axis=2)
        begun = ops.cast(step > hparams.mask_startup_steps if training else True, real.dtype)
        total = begun * hparams.prior_scale * ops.sum(losses * counted)
        terms = {"latent_pred": LossTerm(total, count)}
        if found.commitment is not None:
            total = hparams.beta * ops.sum(at_least_float32(found.commitment) * counted)
            terms["extra"] = LossTerm(total, count)
        return terms

    def latent_lengths(self, source: Source):
        """How many latents a translation has, ⌈2S/2^n⌉: int32[B]."""
        return self._canvas_lengths(source, 0) // self.chunk

    def decode_latents(self, source: Source, latents, canvas: Canvas) -> Output:
        """Predict all tokens of a canvas in one pass from latents that are known.

        Args:
            source: the encoded sentences.
            latents: int32[B, M], anything behind a sentence's own.
            canvas: of at most 2S positions a sentence.
        """
        mask = ops.arange(ops.shape(latents)[1]) < ops.expand_dims(self.latent_lengths(source), 1)
        states = self._decompressed(self.bottleneck.embed(latents), mask, source)
        output = self._parallel(states, source, ops.shape(canvas.mask)[1])
        return output._replace(mask=canvas.mask)

    def start_latents(self, source: Source, room):
        """Memory and state before the first latent, as `Stepwise.start` of the prior."""
        return self.prior.start(source, room)

    def step_latents(self, latents, position, memory, state):
        """Logits of the next latent's digits, as `LatentPrior.step`.

        Args:
            latents: int32[R], those before; anything at position 0.
            position: int[], what is predicted, from 0.
            memory: a row for each hypothesis.
            state: of the position before.
        """
        return self.prior.step(self.bottleneck.embed(latents), position, memory, state)

    def latents_of(self, digits):
        """The latents of digits int32[..., n]: int32[...]."""
        return from_digits(digits, self.prior.base)

    def _canvas_lengths(self, source: Source, target_lengths):
        """max(T, 2S) rounded up to a multiple of 2^n, of every sentence: int32[B]."""
        lengths = ops.sum(ops.cast(source.mask, "int32"), axis=1)
        lengths = ops.maximum(2 * lengths, target_lengths)
        return (lengths + self.chunk - 1) // self.chunk * self.chunk

    def _padded(self, source: Source, tokens):
        """Tokens on the widest canvas, int32[B, C], and which positions are of each, bool[B, C]."""
        tokens = ops.cast(tokens, "int32")
        lengths = self._canvas_lengths(source, ops.sum(ops.cast(tokens != 0, "int32"), axis=1))
        width = ops.shape(tokens)[1]
        room = ops.maximum(2 * ops.shape(source.mask)[1], width)
        room = (room + self.chunk - 1) // self.chunk * self.chunk
        padded = ops.pad(tokens, [[0, 0], [0, room - width]])
        return padded, ops.arange(room) < ops.expand_dims(lengths, 1)

    def _shuffled(self, tokens):
        """Tokens that changed places with near ones, each sentence by itself (word_shuffle)."""
        rate = self.hparams.word_shuffle
        if not rate:
            return tokens
        noise = self._drawn(ops.shape(tokens)) * (1.0 + rate)
        # What is behind a sentence stays there.
        noise = ops.where(tokens != 0, noise, 1.0 + rate)
        places = ops.cast(ops.arange(ops.shape(tokens)[1]), noise.dtype) + noise
        return ops.take_along_axis(tokens, ops.argsort(places, axis=1), axis=1)

    def _with_positions(self, tokens):
        embedded = self.target_embedding(tokens)
        length = ops.shape(tokens)[1]
        return embedded + added_positions(self.target_positions, length, embedded.dtype)

    def _decompressed(self, dense, mask, source, training=False):
        length = ops.shape(mask)[1]
        dense = dense + added_positions(self.latent_positions, length, dense.dtype)
        return self.decompression(dense, mask, source, training=training)

    def _mixed(self, embedded, states, step):
        """True targets in place of some of what was decompressed: fewer and fewer of them."""
        hparams, steps = self.hparams, self.hparams.mask_startup_steps
        masked = linear_rise(step, steps) * exponential_rise(step, steps // 4)
        masked = ops.clip(masked - self._drawn(()) * hparams.unmasked_percentage, 0.0, 1.0)
        is_true = self._drawn(ops.shape(states)[:2]) > masked
        return ops.where(ops.expand_dims(is_true, 2), embedded, states)

    def _parallel(self, states, source, length, training=False, probes=()) -> Output:
        """The decoder over decompressed vectors float[B, C, D], for the first `length` positions.

        The mask is causal, so that what comes behind them may be left out.
        """
        shifted = shift_right(states)[:, :length]
        positions = ops.arange(length)
        if self.has_timing:
            shifted = shifted + timing_signal(positions, self.hidden_size, shifted.dtype)
        causal = (positions[None, :] <= positions[:, None])[None, None]
        return self._run_decoder(shifted, source, causal, training=training, probes=probes)

    def _drawn(self, shape):
        return keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
