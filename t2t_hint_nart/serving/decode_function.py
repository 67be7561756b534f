"""What translators call: from ids to hypotheses, by a model in memory or by an export."""

from collections.abc import Callable

import keras
import tensorflow as tf
from absl import logging

from t2t_hint_nart.decoding.sources import keep_empty
from t2t_hint_nart.decoding.strategy import Strategy
from t2t_hint_nart.decoding.verified import Verified
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.serving.export_decoding import (
    idle_scorer,
    in_graph,
    longest_source,
    ranked,
)
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.serving.translator import LONGEST_SENTENCE, Decode, Translator


def decode_in_graph(
    network: keras.Model, strategy: Strategy, scorer: ExportedScorer | None = None
) -> Decode:
    """Compile a strategy on a network; what needs a scorer is ranked, or verified, by it.

    Raises:
        InputError: the strategy needs a scorer and there is none, or the other way round.
    """
    if strategy.needs_scorer and scorer is None:
        raise InputError(
            f"{strategy.needs_scorer}: give its export with --teacher_export_dir, or leave that "
            "setting out."
        )
    if scorer is not None and not strategy.needs_scorer:
        raise idle_scorer(scorer.export_dir)

    def found(inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tuple(keep_empty(strategy(network, inputs), inputs))

    decode, settings = in_graph(found), strategy.settings
    if scorer is None:
        return decode
    if settings.get("verified", False):
        return Verified(decode, scorer, settings.extra_length, settings.verified_tolerance)
    alpha = settings.get("rescoring_alpha", 0.0)
    return ranked(lambda inputs: decode(inputs)[0], True, scorer, alpha)


def translator_of(
    trained: TrainedModel,
    settings: HParams,
    scorer: ExportedScorer | None = None,
    say: Callable[[str], None] = logging.warning,
) -> Translator:
    """Return a Translator on a model in memory.

    Sources of more tokens than the scorer takes are too long, unless max_input_size cuts them.

    Args:
        trained: the model with its vocabularies.
        settings: decode hparams of its strategy.
        scorer: ranks candidates or verifies drafts.
        say: told if that was trained on another problem.

    Raises:
        InputError: candidates that nothing ranks, or a scorer of none, of another vocabulary, of
            the opposite direction or of shorter sources than max_input_size.
    """
    decode = decode_in_graph(trained.model, trained.strategy(settings), scorer)
    kept, longest = settings.max_input_size, LONGEST_SENTENCE
    if scorer is not None:
        scorer.tell_misfit(trained.identity, say)
        longest = min(longest, longest_source(kept, scorer.export))
    return Translator(decode, trained.encoders, settings.batch_size, kept, longest)
