"""What translators call: from ids to hypotheses, by a model in memory or by an export."""

from collections.abc import Callable

import keras
import tensorflow as tf
from absl import logging

from t2t_hint_nart.decoding.search import Hypotheses
from t2t_hint_nart.decoding.sources import keep_empty
from t2t_hint_nart.decoding.strategy import IDS, Strategy
from t2t_hint_nart.decoding.verified import Verified
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.serving.export_decoding import idle_scorer
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.serving.translator import Decode, Translator


def decode_in_graph(
    network: keras.Model, strategy: Strategy, scorer: ExportedScorer | None = None
) -> Decode:
    """Compile a strategy on a network; what needs a scorer is judged, or verified, by it.

    Raises:
        InputError: the strategy needs a scorer and there is none, or the other way round.
    """
    run: Callable[[keras.Model, tf.Tensor], Hypotheses] = strategy
    settings = strategy.settings
    is_draft = settings.get("verified", False)
    if strategy.needs_scorer:
        if scorer is None:
            raise InputError(
                f"{strategy.needs_scorer}: give its export with --teacher_export_dir, or "
                "beam_size=1."
            )
        if not is_draft:
            run = strategy.judged(scorer)

    elif scorer is not None:
        raise idle_scorer(scorer.export_dir)

    @tf.function(input_signature=[IDS], autograph=False)
    def decode(inputs):
        return tuple(keep_empty(run(network, inputs), inputs))

    if scorer is None or not is_draft:
        return decode
    return Verified(decode, scorer, settings.extra_length, settings.verified_tolerance)


def translator_of(
    trained: TrainedModel,
    settings: HParams,
    scorer: ExportedScorer | None = None,
    say: Callable[[str], None] = logging.warning,
) -> Translator:
    """Return a Translator on a model in memory.

    Args:
        trained: the model with its vocabularies.
        settings: decode hparams of its strategy.
        scorer: ranks candidates.
        say: told if that was trained on another problem.

    Raises:
        InputError: candidates that nothing ranks, or a scorer of none, of another vocabulary or of
            the opposite direction.
    """
    strategy = trained.strategy(settings)
    decode = decode_in_graph(trained.model, strategy, scorer)
    if scorer is not None:
        warning = scorer.check_fits(trained.identity)
        if warning:
            say(f"Warning: {warning}")
    return Translator(decode, trained.encoders, settings.batch_size, settings.max_input_size)
