"""One sentence as a model decodes it: its tokens, and what was inside the model meanwhile."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.strategy import Strategy
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedTranslator, HintGiver
from t2t_hint_nart.exports.metadata import ExportMetadata
from t2t_hint_nart.exports.runtime import Servable
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import (
    ATTENTION,
    DECODER_ATTENTION,
    ENCODER_ATTENTION,
    HIDDEN,
    HIDDEN_NORMED,
    POSITIONAL_ATTENTION,
    Output,
    forward,
    probe_sizes,
)
from t2t_hint_nart.text import EOS_ID, PAD_ID
from t2t_hint_nart.text.reserved import EOS

# The probes that are looked at, and which of a sentence's axes are over target positions.
_TARGET_AXES = {
    HIDDEN: (1,),
    HIDDEN_NORMED: (1,),
    ATTENTION: (2,),
    ENCODER_ATTENTION: (),
    DECODER_ATTENTION: (2, 3),
    POSITIONAL_ATTENTION: (2, 3),
}
NEEDED = (HIDDEN, ATTENTION)


class Generated(NamedTuple):
    """A decoded sentence.

    Attributes:
        tokens: the T ids that came out, EOS last if there is one.
        probes: those of the T tokens by name, without the axis of the batch: `hidden` is
            float[N, T, D], `attention` float[N, H, T, S].
    """

    tokens: list[int]
    probes: dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Inside:
    """A model that can be looked into; made by `inside_network` or `inside_export`.

    Attributes:
        name: what it is called.
        decode: from inputs int32[1, S] to ids int32[1, L].
        canvas: from inputs and ids to the targets with which `forward` shows that decoding.
        forward: from inputs and targets int32[1, T] to an output with its probes.
    """

    name: str
    decode: Callable[[tf.Tensor], tf.Tensor]
    canvas: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    forward: Callable[[tf.Tensor, tf.Tensor], Output]

    def generate(self, source: Sequence[int]) -> Generated:
        """Decode a sentence and look inside.

        Args:
            source: S ids, EOS last.
        """
        inputs = tf.constant([source], tf.int32)
        ids = np.asarray(self.decode(inputs))[0]
        tokens = ids[ids != PAD_ID].tolist()
        targets = self.canvas(inputs, tf.constant([tokens or [EOS_ID]], tf.int32))
        output = self.forward(inputs, targets)
        positions = _positions(tokens, np.asarray(output.logits)[0])
        there = [name for name in _TARGET_AXES if name in output.probes]
        probes = {name: np.asarray(output.probes[name])[0] for name in there}
        for name in there:
            for axis in _TARGET_AXES[name]:
                probes[name] = probes[name].take(positions, axis)
        return Generated(tokens, probes)


def inside_network(network: keras.Model, strategy: Strategy, name: str) -> Inside:
    """Look into a network in memory, at every probe that is known here.

    Args:
        network: with its weights.
        strategy: decodes it; of several hypotheses the one that an export would give is shown.
        name: what it is called.

    Raises:
        InputError: it lacks the probes that are needed, or the strategy something it must know.
    """
    sizes = probe_sizes(network)
    _check_probes(name, sizes)
    probes = tuple(probe for probe in _TARGET_AXES if probe in sizes)
    single = strategy.exported()
    return Inside(
        name,
        lambda inputs: single(network, inputs).ids[:, 0],
        single.canvas,
        lambda inputs, targets: forward(network, inputs, targets, probes=probes),
    )


def inside_export(export: Servable) -> Inside:
    """Look into an export, at the hints it gives; it decodes as it was exported to do.

    Args:
        export: an open export.

    Raises:
        InputError: it lacks a capability or a probe, or another model chooses what it says.
    """
    giver, translator, facts = HintGiver(export), ExportedTranslator(export), export.metadata
    name = model_name(facts.model, facts.problem, facts.step)
    _check_probes(name, facts.probes)
    if facts.rescored_by is not None:
        raise InputError(
            f"{export.export_dir} holds the teacher that chooses among its candidates, and tells "
            "no states of those: export the model without --teacher_export_dir, or give its "
            "checkpoint."
        )
    return Inside(
        name, lambda inputs: translator.decode(inputs)[0], _strategy_of(facts).canvas, giver.hints
    )


def model_name(model: str, problem: str, step: int) -> str:
    """Return what a trained model is called where it is shown."""
    return f"{model} on {problem}, step {step}"


def labels(encoder: TextEncoder, ids: Sequence[int]) -> list[str]:
    """Return what each token of a sentence is called where a reader sees them one by one.

    A byte that is no character by itself has its number; the end has one name for all encoders.
    """
    pieces = (
        piece.decode(errors="backslashreplace") if isinstance(piece, bytes) else piece
        for piece in encoder.decode_list(ids)
    )
    return [EOS if id_ == EOS_ID else piece for id_, piece in zip(ids, pieces, strict=True)]


def _check_probes(name: str, there: Collection[str]) -> None:
    missing = [probe for probe in NEEDED if probe not in there]
    if missing:
        raise InputError(
            f"Nothing to show of {name}: it has no probe {' and no probe '.join(missing)}; its "
            f"probes: {', '.join(there) or 'none'}."
        )


def _strategy_of(facts: ExportMetadata) -> Strategy:
    """The strategy that an export's `decode` was made with, as far as its names are known."""
    settings = decode_hparams("", facts.strategy)
    known = settings.values().keys() & facts.decode_hparams
    settings.override_from_dict({name: facts.decode_hparams[name] for name in known})
    # An empty list has no type, and a strategy nothing to read from it.
    hparams = HParams(**{name: value for name, value in facts.hparams.items() if value != []})
    strategy: Strategy = registry.strategy(facts.strategy)(settings, hparams)
    return strategy


def _positions(tokens: list[int], logits: NDArray[Any]) -> NDArray[np.int64]:
    """Where the tokens stand on the canvas: at the first position of each run if runs were merged.

    Otherwise at its beginning; what lies behind them said nothing.
    """
    best = logits.argmax(axis=-1)
    before = np.append(PAD_ID, best[:-1])
    runs = np.flatnonzero((best != before) & (best != PAD_ID))[: len(tokens)]
    return runs if best[runs].tolist() == tokens else np.arange(len(tokens))
