"""Iterative refinement: passes over the tokens and states of the pass before (Lee et al. 2018)."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import tensorflow as tf

from t2t_hint_nart.decoding.convergence import NONE, RULES, converged
from t2t_hint_nart.decoding.one_pass import candidate_lengths
from t2t_hint_nart.decoding.parallel import OnePass
from t2t_hint_nart.decoding.reading import dedup, until_eos
from t2t_hint_nart.decoding.search import INF, Hypotheses, keep_shape, repeat_sentences
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import AT_LEAST_1
from t2t_hint_nart.hparam_syntax import Interval
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import Canvas
from t2t_hint_nart.models.protocol import Refining, require
from t2t_hint_nart.text import PAD_ID

# (tokens int32[N, T], states), or (None, None) at first → logits float[N, T, V], states.
Pass = Callable[[tf.Tensor | None, Any], tuple[tf.Tensor, Any]]


class Refined(NamedTuple):
    """What each row said in its last pass.

    Attributes:
        tokens: int32[N, T], PAD 0 outside the mask.
        log_probs: float32[N, T] of them, in nats.
        passes: int32[N], how many it took.
    """

    tokens: tf.Tensor
    log_probs: tf.Tensor
    passes: tf.Tensor


def refine_rows(
    run: Pass, mask: tf.Tensor, iterations: int, convergence: str = NONE, window: int = 5
) -> Refined:
    """Say the most probable tokens, and again of what was said, until every row has converged.

    A row that has stays as it is while others go on. All its positions are refined in every pass:
    an EOS inside isn't the end yet.

    Args:
        run: one pass.
        mask: bool[N, T], positions of each row.
        iterations: most passes, the first among them.
        convergence: a name of `convergence.RULES`, or NONE for all iterations.
        window: of iterations that are compared.
    """
    rule = RULES.get(convergence)

    def said(logits: tf.Tensor) -> tf.Tensor:
        unsaid = tf.one_hot(PAD_ID, logits.shape[2], on_value=-INF, off_value=0.0)
        best = tf.argmax(tf.cast(logits, tf.float32) + unsaid, axis=2, output_type=tf.int32)
        return tf.where(mask, best, PAD_ID)

    def remembered(history: Any, tokens: tf.Tensor) -> Any:
        if rule is None:
            return history
        return tf.concat([history[:, 1:], rule(tokens)[:, None]], axis=1)

    def refine(step: tf.Tensor, row: _Rows) -> Any:
        step += 1
        logits, states = run(row.tokens, row.states)
        # Kept whole: the probability is only asked of what is said in the end.
        logits = tf.where(row.active[:, None, None], logits, row.logits)
        tokens = said(logits)
        history, active = remembered(row.history, tokens), row.active
        if rule is not None:
            active &= ~((step >= window) & converged(history))
        passes = tf.where(row.active, step, row.passes)
        return keep_shape(
            (step, _Rows(tokens, logits, states, history, passes, active)), (step, row)
        )

    logits, states = run(None, None)
    tokens = said(logits)
    passes = tf.ones_like(tokens[:, 0])
    empty: Any = () if rule is None else tf.repeat(tf.zeros_like(tokens)[:, None], window, axis=1)
    first = _Rows(tokens, logits, states, remembered(empty, tokens), passes, passes > 0)
    _, last = tf.while_loop(
        lambda step, row: (step < iterations) & tf.reduce_any(row.active),
        refine,
        (tf.constant(1), first),
    )
    log_probs = token_log_probs(tf.cast(last.logits, tf.float32), last.tokens)
    return Refined(last.tokens, log_probs, last.passes)


class _Rows(NamedTuple):
    """What the loop keeps of each row: what it said last, the states it goes on from, the window.

    Whether it goes on is `active`; of a row that doesn't, states and history mean nothing.
    """

    tokens: tf.Tensor
    logits: tf.Tensor
    states: Any
    history: Any
    passes: tf.Tensor
    active: tf.Tensor


class IterativeRefinement(OnePass):
    """Passes over a canvas of predicted length until what they say converges.

    The length is the most probable of the model's classes, and so many on either side for a
    teacher to rank; `length_bias` and `use_inputs_length` put the source's length and a constant in
    its place. (The strategy `refinement` is for models of one pass, which know tokens alone.)
    """

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """Add iterations and when they end; the rest as in one pass.

        iterations: most passes, the first among them.
        convergence: jaccard, equality or none; see `decoding.convergence`. For a fixed number of
          iterations it is none.
        convergence_window: of iterations that are compared.
        """
        OnePass.add_hparams(settings)
        settings.add_hparam("iterations", 20)
        settings.restrict("iterations", AT_LEAST_1)
        settings.add_hparam("convergence", "jaccard")
        settings.restrict("convergence", (*RULES, NONE), "the rules there are")
        settings.add_hparam("convergence_window", 5)
        settings.restrict("convergence_window", Interval(low=2))

    def candidates(self, network: Any, inputs: tf.Tensor, halfwidth: tf.Tensor | int) -> Hypotheses:
        """Refine every length; args and result as `ParallelPass.candidates`."""
        require(network, Refining, "iterative refinement")
        source = network.encode(inputs)
        return self._decode(network, source, self._lengths(network, source, inputs, halfwidth))

    def _lengths(
        self, network: Refining, source: Any, inputs: tf.Tensor, halfwidth: tf.Tensor | int
    ) -> tf.Tensor:
        """Positions to ask for: int32[B, C], shortest first."""
        if self.settings.length_bias is not None:
            return self.lengths(inputs, halfwidth)
        logits = network.length_logits(source)
        offsets = tf.argmax(logits, axis=1, output_type=tf.int32) - logits.shape[1] // 2
        source_lengths = tf.reduce_sum(tf.cast(inputs != PAD_ID, tf.int32), axis=1)
        return candidate_lengths(source_lengths + offsets, 0, halfwidth)

    def _decode(self, network: Any, source: Any, lengths: tf.Tensor) -> Hypotheses:
        """Refine lengths int32[B, C] of sources that were encoded once."""
        count = tf.shape(lengths)[1] if lengths.shape[1] is None else lengths.shape[1]
        mask = tf.sequence_mask(tf.reshape(lengths, [-1]))
        alone = lengths.shape[0] == 1 and getattr(network, "broadcasts_source", False)
        if not alone and not (isinstance(count, int) and count == 1):
            source = repeat_sentences(source, count)

        def run(tokens: tf.Tensor | None, states: Any) -> tuple[tf.Tensor, Any]:
            output, states = network.refine(source, Canvas(mask, tokens), states)
            return output.logits, states

        settings = self.settings
        refined = refine_rows(
            run, mask, settings.iterations, settings.convergence, settings.convergence_window
        )
        ids, log_probs = self._read(refined)
        steps = tf.shape(mask)[1]
        return Hypotheses(tf.reshape(ids, [-1, count, steps]), tf.reshape(log_probs, [-1, count]))

    def _read(self, refined: Refined) -> tuple[tf.Tensor, tf.Tensor]:
        """The sentences, and the last pass's log probability of the tokens that are kept."""
        ids = tf.where(until_eos(refined.tokens), refined.tokens, PAD_ID)
        kept = ids != PAD_ID
        if self.settings.dedup:
            kept &= ids != tf.pad(ids[:, :-1], [[0, 0], [1, 0]])
            ids = dedup(ids)
        return ids, tf.reduce_sum(tf.where(kept, refined.log_probs, 0.0), axis=1)

    def canvas(self, inputs: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        """What came out: only the model knows what length it was asked for."""
        del inputs
        return ids

    def exported(self) -> Self:
        """One length a sentence."""
        return self.with_settings(length_halfwidth=0)
