"""Translate one sentence with an export or a checkpoint and look into the decoder meanwhile."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.exported_model import ExportedModel
from t2t_hint_nart.exports.metadata import HINTS
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.attention_weights import observed_self_attention
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.models.transformer_nat import TransformerNat
from t2t_hint_nart.reproduce.generated import (
    Generated,
    generate_by_search,
    generate_in_one_pass,
    pieces,
)
from t2t_hint_nart.reproduce.sentence_view import SentenceView, view
from t2t_hint_nart.serving.autoregressive import beam_decode
from t2t_hint_nart.serving.export import beam_settings, length_bias_of
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.text import EOS_ID
from t2t_hint_nart.text.reserved import sentence_ids


class Inside(NamedTuple):
    """A model that can be looked into.

    Attributes:
        name: what it is called.
        encoders: vocabularies of inputs and targets.
        generate: from a source's ids, EOS last, to the translation and the decoder's output.
    """

    name: str
    encoders: dict[str, TextEncoder]
    generate: Callable[[list[int]], Generated]


def look(inside: Inside, sentence: str) -> SentenceView:
    """Translate a sentence.

    Raises:
        InputError: the model generates nothing at all.
    """
    source = [*inside.encoders["inputs"].encode(sentence), EOS_ID]
    made = inside.generate(source)
    if not made.tokens:
        raise InputError(f"{inside.name} translates {sentence!r} with nothing: no token to show.")
    translation = inside.encoders["targets"].decode(sentence_ids(made.tokens))
    labels = (
        pieces(inside.encoders["inputs"], source),
        pieces(inside.encoders["targets"], made.tokens),
    )
    return view(inside.name, (sentence, translation), labels, made)


def export_hints(model: ExportedModel, inputs: np.ndarray, targets: np.ndarray) -> DecoderOutput:
    """Call the signature HINTS with and for NumPy arrays."""
    outputs = model.call(
        HINTS, inputs=tf.constant(inputs, tf.int32), targets=tf.constant(targets, tf.int32)
    )
    return DecoderOutput(**{name: outputs[name].numpy() for name in DecoderOutput._fields})


def inside_export(exported: ExportedModel, problem: Problem, data_dir: str) -> Inside:
    """Look into an export; a teacher translates as it was exported to do.

    Raises:
        InputError: no vocabulary in data_dir, or another one than the export's.
    """
    encoders, facts = problem.get_feature_encoders(data_dir), exported.metadata
    if encoders["targets"].fingerprint() != facts.vocab_fingerprint:
        raise InputError(
            f"{exported.export_dir} has another vocabulary than {problem.name} in {data_dir}."
        )

    def hints(inputs: np.ndarray, targets: np.ndarray) -> DecoderOutput:
        return export_hints(exported, inputs, targets)

    def generate(source: list[int]) -> Generated:
        if facts.length_bias is not None:
            return generate_in_one_pass(hints, facts.length_bias, source)
        return generate_by_search(
            lambda inputs: exported.decode(tf.constant(inputs))[0].numpy(), hints, source
        )

    return Inside(_name(facts.model, facts.problem, facts.step), encoders, generate)


def inside_trained(trained: TrainedModel, decode_hparams: HParams) -> Inside:
    """Look into a model in memory.

    Raises:
        InputError: a student's length_bias isn't known.
    """
    model = trained.model
    seen: dict[str, np.ndarray] = {}

    def hints(inputs: np.ndarray, targets: np.ndarray) -> DecoderOutput:
        with observed_self_attention(model) as weights:
            output = model(tf.constant(inputs), tf.constant(targets), training=False)
        # Layers are put next to each other, as those of the output are.
        seen.update({name: np.stack(layers, axis=1) for name, layers in weights.items()})
        return DecoderOutput(*(np.asarray(value) for value in output))

    def decode(inputs: np.ndarray) -> np.ndarray:
        return beam_decode(model, tf.constant(inputs), settings).ids[:, 0].numpy()

    name = _name(trained.model_name, trained.problem_name, trained.step)
    if isinstance(model, TransformerNat):
        bias = length_bias_of(trained.hparams, decode_hparams)
        return Inside(
            name,
            trained.encoders,
            lambda source: generate_in_one_pass(hints, bias, source)._replace(self_attention=seen),
        )
    settings = beam_settings(decode_hparams)
    return Inside(
        name,
        trained.encoders,
        lambda source: generate_by_search(decode, hints, source)._replace(self_attention=seen),
    )


def _name(model: str, problem: str, step: int) -> str:
    return f"{model} on {problem}, step {step}"
