"""Beam and greedy search over a stepwise model, as strategies."""

from collections.abc import Mapping
from typing import ClassVar, Self

import tensorflow as tf

from t2t_hint_nart.decoding import GREEDY
from t2t_hint_nart.decoding.beam_search import beam_search
from t2t_hint_nart.decoding.search import Hypotheses, repeat_sentences
from t2t_hint_nart.decoding.sources import best
from t2t_hint_nart.decoding.strategy import IDS, Signature, Strategy
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.protocol import Stepwise, require

# A search may run for source length + 50 steps, but most sentences end long before. Attention over,
# and re-ordering of, caches with room for all of them is what a step on a CPU mostly spends its
# time on: growing by blocks makes batches 2 to 3 times faster.
BLOCK = 16


class Beam(Strategy):
    """Beam search with T2T's names and defaults; a beam of 1 is greedy.

    Where all beams are asked for (return_beams), the search ends when none of them can be
    displaced: it gives the list that 1.2.9 has at the length limit. The other rules stop as soon as
    the best is certain.
    """

    @staticmethod
    def add_hparams(settings: HParams) -> None:
        """stopping: rule of the search, "1.2.9" or "best_finished" (T2T 1.15)."""
        settings.add_hparam("stopping", "1.2.9")
        settings.restrict("stopping", ("1.2.9", "best_finished"), "the rules of T2T 1.2.9 and 1.15")

    def __call__(self, network: Stepwise, inputs: tf.Tensor) -> Hypotheses:
        """Search; at most source length (with EOS) + extra_length tokens come out."""
        require(network, Stepwise, "a search")
        settings = self.settings
        source = network.encode(inputs)
        lengths = tf.reduce_sum(tf.cast(inputs != 0, tf.int32), axis=1)
        limits = lengths + settings.extra_length
        memory, state = network.start(source, tf.minimum(BLOCK, tf.reduce_max(limits)))
        memory = repeat_sentences(memory, settings.beam_size)
        grow = getattr(network, "grow", None)

        def symbols_to_logits(last_ids, step, state):
            if grow is not None:
                is_full = (step > 0) & (step % BLOCK == 0)
                state = tf.cond(is_full, lambda: grow(state, BLOCK), lambda: state)
            return network.step(last_ids, step, memory, state)

        return beam_search(
            symbols_to_logits,
            tf.zeros([tf.shape(inputs)[0]], tf.int32),
            settings.beam_size,
            limits,
            network.vocab_size,
            settings.alpha,
            state,
            stopping="full_beam" if settings.return_beams else settings.stopping,
        )

    def exported(self) -> Self:
        """The search for the best translation alone."""
        return self.with_settings(return_beams=False)

    def signatures(self, network: Stepwise) -> dict[str, Signature]:
        """Greedy search beside the beam's."""
        search = Greedy(self.exported().settings, self.hparams)

        def greedy(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
            return best(search(network, inputs), inputs)

        return {GREEDY: Signature(greedy, (IDS,))}


class Greedy(Beam):
    """The most probable token at every step: a beam of 1 whatever beam_size says."""

    not_exported: ClassVar[Mapping[str, str]] = {
        "beam_size": "a greedy search is a beam of 1",
        "stopping": "a beam of 1 ends with its sentence",
    }

    def __init__(self, settings: HParams, hparams: HParams):
        super().__init__(settings.copy().override_from_dict({"beam_size": 1}), hparams)
