"""What translators call: from ids to hypotheses, by a model in memory or by an export."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from t2t_hint_nart import registry
from t2t_hint_nart.decoding import CANDIDATES, GREEDY
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.search import Hypotheses
from t2t_hint_nart.decoding.sources import keep_empty
from t2t_hint_nart.decoding.strategy import IDS, Scorer, Strategy
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer
from t2t_hint_nart.exports.metadata import DECODE
from t2t_hint_nart.exports.runtime import Servable
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.serving.translator import Decode, Translator

# What of the decoding of candidates can be otherwise than it was exported.
_CHANGEABLE = ("beam_size", "alpha", "length_halfwidth", "rescoring_alpha")


def decode_in_graph(
    network: keras.Model, strategy: Strategy, scorer: Scorer | None = None
) -> Decode:
    """Compile a strategy on a network; what needs a scorer is judged by it.

    Raises:
        InputError: the strategy needs a scorer and there is none.
    """
    run: Callable[[keras.Model, tf.Tensor], Hypotheses] = strategy
    if strategy.needs_scorer:
        if scorer is None:
            raise InputError(
                f"{strategy.needs_scorer}: give its export with --teacher_export_dir, or "
                "beam_size=1."
            )
        run = strategy.judged(scorer)

    @tf.function(input_signature=[IDS], autograph=False)
    def decode(inputs):
        return tuple(keep_empty(run(network, inputs), inputs))

    return decode


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
        InputError: candidates that nothing ranks, or a scorer of another vocabulary or direction.
    """
    strategy = trained.strategy(settings)
    if scorer is not None and strategy.needs_scorer:
        warning = scorer.check_fits(trained.identity)
        if warning:
            say(f"Warning: {warning}")
    return Translator(
        decode_in_graph(trained.model, strategy, scorer),
        trained.encoders,
        settings.batch_size,
        settings.max_input_size,
    )


def decode_of_export(
    servable: Servable, settings: str = "", scorer: ExportedScorer | None = None
) -> Decode:
    """Return the decoding of an open export, as it was exported or otherwise.

    Args:
        servable: the export.
        settings: decode hparams as in --decode_hparams; of what the export was made with only
            beam_size (1: greedy), length_halfwidth and rescoring_alpha can be changed.
        scorer: ranks candidates.

    Raises:
        InputError: settings that the export can't have, or candidates that nothing ranks.
    """
    facts = servable.metadata
    wanted = decode_hparams(settings, facts.strategy)
    exported = {
        **decode_hparams("", facts.strategy).values(),
        **facts.decode_hparams,
        "max_input_size": facts.max_input_size,
    }
    is_greedy = facts.strategy == registry.BEAM and wanted.beam_size == 1 != exported["beam_size"]
    free = _CHANGEABLE if "length_halfwidth" in wanted else ("beam_size",) if is_greedy else ()
    for name in (clause.partition("=")[0].strip() for clause in settings.split(",") if clause):
        if name not in free and wanted.get(name) != exported[name]:
            raise InputError(
                f"{servable.export_dir} decodes with {name}={exported[name]}, not "
                f"{wanted.get(name)}: export the model again with that value."
            )
    halfwidth = wanted.get("length_halfwidth", 0)
    if halfwidth:
        if scorer is None:
            raise InputError(f"{halfwidth} lengths a side need a scorer to rank them.")
        return _rescored(servable, scorer, halfwidth, wanted.rescoring_alpha)
    signature = GREEDY if is_greedy else DECODE
    servable.require(signature)

    def decode(inputs: np.ndarray) -> tuple[Any, Any]:
        result = servable.call(signature, inputs=inputs)
        return result["outputs"][:, None], result["scores"][:, None]

    return decode


def _rescored(servable: Servable, scorer: ExportedScorer, halfwidth: int, alpha: float) -> Decode:
    """An export's candidates, ranked by a scorer, all in one graph if both are graphs."""
    servable.require(CANDIDATES)
    scorer.check_fits(servable.metadata.learnt, servable.export_dir)

    def decode(inputs: Any) -> tuple[Any, Any]:
        found = servable.call(CANDIDATES, inputs=inputs, halfwidth=np.int32(halfwidth))
        return scorer.rank(inputs, found["outputs"], alpha)

    if servable.is_graph and scorer.export.is_graph:
        decode = tf.function(decode, input_signature=[IDS], autograph=False)
    return decode
