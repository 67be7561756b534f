"""Write a model as a SavedModel: text in, text out, and the signatures that readers need."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports import metadata as names
from t2t_hint_nart.exports.metadata import ExportMetadata
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.transformer_nat import TransformerNat
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.serving.autoregressive import BeamSettings, beam_decode, score, score_encoded
from t2t_hint_nart.serving.one_pass import nat_decode
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.text import EOS_ID
from t2t_hint_nart.text.graph import SubwordGraph, TokenGraph
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder
from t2t_hint_nart.training.checkpoints import writing

# Without autograph throughout: no Python control flow depends on a tensor, and looking for some
# takes most of the time of an export.
_IDS = tf.TensorSpec([None, None], tf.int32)
_STRINGS = tf.TensorSpec([None], tf.string)


def weights_fingerprint(model: keras.Model) -> str:
    """sha256 over names and values of a model's weights."""
    digest = hashlib.sha256()
    for name, variable in sorted(named_variables(model).items()):
        digest.update(name.encode())
        digest.update(keras.ops.convert_to_numpy(variable).tobytes())
    return digest.hexdigest()


def _text_graph(encoder: TextEncoder) -> SubwordGraph | TokenGraph:
    """The vocabulary as operations.

    Raises:
        InputError: there are none for its kind.
    """
    if isinstance(encoder, SubwordTextEncoder):
        return SubwordGraph(encoder.subtokens)
    if isinstance(encoder, TokenTextEncoder):
        return TokenGraph(encoder)
    raise InputError(
        "Only vocabularies of subwords or words can be exported with their text, not a "
        f"{type(encoder).__name__}."
    )


class _TextModule(tf.Module):
    """A model with its vocabularies: strings to strings. Subclasses say how ids are decoded."""

    def __init__(self, model: keras.Model, encoders: dict[str, TextEncoder]):
        super().__init__()
        self._variables = [variable.value for variable in model.variables]
        self._model = _Untracked(model)
        self._source = _text_graph(encoders["inputs"])
        shared = encoders["targets"].fingerprint() == encoders["inputs"].fingerprint()
        self._target = self._source if shared else _text_graph(encoders["targets"])

    @property
    def model(self) -> keras.Model:
        """The Keras model."""
        return self._model.value

    def best(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """int32[B, S] → ids int32[B, L], scores float32[B]."""
        raise NotImplementedError

    def ids_of(self, text: tf.Tensor) -> tf.Tensor:
        """string[B] → int32[B, S] with EOS, PAD after it."""
        ragged = self._source.encode(text)
        ends = tf.fill([ragged.nrows(), 1], tf.constant(EOS_ID, tf.int32))
        return tf.concat([ragged, ends], axis=1).to_tensor(0)

    @tf.function(input_signature=[_IDS], autograph=False)
    def decode(self, inputs):
        """Signature DECODE."""
        ids, scores = self.best(inputs)
        return {"outputs": ids, "scores": scores}

    @tf.function(input_signature=[_STRINGS], autograph=False)
    def serve_text(self, text):
        """Signature SERVING."""
        decoded = self.decode(self.ids_of(text))
        return {"outputs": self._target.decode(decoded["outputs"]), "scores": decoded["scores"]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def serve_examples(self, input):
        """Signature EXAMPLE."""
        parsed = tf.io.parse_example(input, {"inputs": tf.io.VarLenFeature(tf.int64)})
        decoded = self.decode(tf.cast(tf.sparse.to_dense(parsed["inputs"]), tf.int32))
        return {"outputs": decoded["outputs"], "scores": decoded["scores"]}

    @tf.function(input_signature=[_IDS, _IDS], autograph=False)
    def hints(self, inputs, targets):
        """Signature HINTS."""
        return self.model(inputs, targets, training=False)._asdict()

    def signatures(self) -> dict[str, tf.types.experimental.PolymorphicFunction]:
        """Functions by signature name."""
        return {
            names.SERVING: self.serve_text,
            names.EXAMPLE: self.serve_examples,
            names.DECODE: self.decode,
            names.HINTS: self.hints,
        }


class _Untracked:
    """Hide a Keras model from tf.Module's tracking; its variables are tracked one by one."""

    def __init__(self, value: keras.Model):
        self.value = value


class TeacherModule(_TextModule):
    """An exported `transformer`."""

    def __init__(self, model, encoders, settings: BeamSettings):
        super().__init__(model, encoders)
        self._settings = settings

    def best(self, inputs):
        """The best hypothesis of every sentence."""
        result = beam_decode(self.model, inputs, self._settings)
        return result.ids[:, 0], result.scores[:, 0]

    @tf.function(input_signature=[_IDS], autograph=False)
    def greedy(self, inputs):
        """Signature GREEDY."""
        result = beam_decode(self.model, inputs, self._settings._replace(beam_size=1))
        return {"outputs": result.ids[:, 0], "scores": result.scores[:, 0]}

    @tf.function(input_signature=[_IDS, _IDS], autograph=False)
    def score(self, inputs, targets):
        """Signature SCORE."""
        log_prob, token_log_prob = score(self.model, inputs, targets)
        return {"log_prob": log_prob, "token_log_prob": token_log_prob}

    @tf.function(input_signature=[_IDS], autograph=False)
    def encode(self, inputs):
        """Signature ENCODE."""
        encoded, source_mask = self.model.encode(inputs, training=False)
        return {"encoded": encoded, "source_mask": source_mask}

    def score_encoded(self, encoded, source_mask, targets):
        """Signature SCORE_ENCODED."""
        return {"log_prob": score_encoded(self.model, encoded, source_mask, targets)}

    def signatures(self):
        """Functions by signature name."""
        states = tf.TensorSpec([None, None, self.model.hidden_size], tf.float32, "encoded")
        mask = tf.TensorSpec([None, None], tf.bool, "source_mask")
        scoring = tf.function(
            self.score_encoded, input_signature=[states, mask, _IDS], autograph=False
        )
        return {
            **super().signatures(),
            names.GREEDY: self.greedy,
            names.SCORE: self.score,
            names.ENCODE: self.encode,
            names.SCORE_ENCODED: scoring,
        }


class StudentModule(_TextModule):
    """An exported `transformer_nat`."""

    def __init__(self, model, encoders, length_bias: int):
        super().__init__(model, encoders)
        self._length_bias = length_bias

    def best(self, inputs):
        """The best hypothesis of every sentence."""
        result = nat_decode(self.model, inputs, self._length_bias, 0)
        return result.ids[:, 0], result.log_probs[:, 0]

    @tf.function(input_signature=[_IDS, tf.TensorSpec([], tf.int32)], autograph=False)
    def candidates(self, inputs, halfwidth):
        """Signature CANDIDATES."""
        result = nat_decode(self.model, inputs, self._length_bias, halfwidth)
        return {"outputs": result.ids, "log_prob": result.log_probs}

    def signatures(self):
        """Functions by signature name."""
        return {**super().signatures(), names.CANDIDATES: self.candidates}


def length_bias_of(hparams: HParams, decode_hparams: HParams) -> int:
    """C: the decode hparams' if given, else the one that training measured.

    Raises:
        InputError: neither is known.
    """
    bias = decode_hparams.length_bias
    bias = hparams.get("length_bias", None) if bias is None else bias
    if bias is None:
        raise InputError(
            "length_bias (C) isn't known: the student's hparams.json has none; "
            "give it as --decode_hparams=length_bias=<int>."
        )
    return int(bias)


def beam_settings(decode_hparams: HParams) -> BeamSettings:
    """The teacher's search settings out of decode hparams, for the best translation alone."""
    return BeamSettings(**{name: getattr(decode_hparams, name) for name in BeamSettings._fields})


def _module(source: TrainedModel, decode_hparams: HParams) -> tuple[_TextModule, int | None]:
    if isinstance(source.model, TransformerNat):
        bias = length_bias_of(source.hparams, decode_hparams)
        return StudentModule(source.model, source.encoders, bias), bias
    settings = beam_settings(decode_hparams)
    return TeacherModule(source.model, source.encoders, settings), None


def _as_built(decode_hparams: HParams, length_bias: int | None) -> dict[str, Any]:
    """What `decode` does: a student's asks for one length."""
    one_length = {} if length_bias is None else {"length_bias": length_bias, "length_halfwidth": 0}
    return {**decode_hparams.values(), **one_length}


def export(source: TrainedModel, decode_hparams: HParams, export_dir: str | Path) -> str:
    """Write a SavedModel, complete or not at all.

    Args:
        source: what to export.
        decode_hparams: beam_size, alpha, extra_length, stopping of a teacher; length_bias of a
            student, if not the one that training measured.
        export_dir: where to; must not exist or be empty.

    Returns:
        export_dir.

    Raises:
        InputError: export_dir isn't empty or can't be written, or the model can't be exported.
    """
    target = Path(export_dir)
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} exists and isn't empty; give another --export_dir.")
    module, length_bias = _module(source, decode_hparams)
    incomplete = target.with_name(target.name + ".incomplete")
    shutil.rmtree(incomplete, ignore_errors=True)
    incomplete.mkdir(parents=True)
    with writing(f"SavedModel {incomplete}"):
        tf.saved_model.save(module, str(incomplete), signatures=module.signatures())
    metadata = ExportMetadata(
        model=source.model_name,
        problem=source.problem_name,
        vocab_size=source.model.vocab_size,
        vocab_fingerprint=source.encoders["targets"].fingerprint(),
        num_decoder_layers=source.model.num_decoder_layers,
        num_heads=source.model.num_heads,
        hidden_size=source.model.hidden_size,
        dtype=source.model.compute_dtype,
        step=source.step,
        length_bias=length_bias,
        decode_hparams=_as_built(decode_hparams, length_bias),
        hparams=source.hparams.values(),
        weights_fingerprint=weights_fingerprint(source.model),
    )
    metadata.write(incomplete)
    if target.exists():
        target.rmdir()
    incomplete.replace(target)
    return str(target)
