"""SavedModels: text in, text out, with the signatures that readers need."""

import contextlib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.decoding.sources import cut, keep_empty
from t2t_hint_nart.decoding.strategy import IDS, LEAST_INPUT_SIZE, Strategy
from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.exports import metadata as names
from t2t_hint_nart.exports.device import Device
from t2t_hint_nart.exports.metadata import ExportMetadata
from t2t_hint_nart.exports.scoring import Scoring, specs_of_encoded
from t2t_hint_nart.exports.vocabulary_files import can_store, read_vocabularies, write_vocabularies
from t2t_hint_nart.literal_path import literal
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import forward, probe_sizes
from t2t_hint_nart.startup_noise import quiet_stderr
from t2t_hint_nart.text import EOS_ID

# Also for its side effect: a SavedModel with a tokenizer in it needs tf-text's ops.
from t2t_hint_nart.text.graph import SubwordGraph, TokenGraph, sentences
from t2t_hint_nart.text.lines import sentence
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder

_STRINGS = tf.TensorSpec([None], tf.string)
_ANY_DEVICE = Device()


class SavedModelRuntime:
    """Writes and opens SavedModels (`exports.runtime.Runtime`)."""

    holds_teacher = True

    def offers(self, strategy: Strategy, capabilities: Sequence[str]) -> tuple[str, ...]:
        """All; args as `Runtime.offers`."""
        del strategy
        return tuple(capabilities)

    def write(
        self,
        network: keras.Model,
        strategy: Strategy,
        encoders: dict[str, TextEncoder],
        capabilities: Sequence[str],
        directory: Path,
    ) -> None:
        """Write a SavedModel; args as `Runtime.write`."""
        module = tf.Module()
        # Not the model itself, in which tf.Module would track everything.
        module.held = [*(variable.value for variable in network.variables), *strategy.variables]
        source, target = _text_graphs(encoders)
        module.text = [source, target]
        limit = strategy.exported_input_size
        functions = _translating(network, strategy, source, target)
        if names.SCORES in capabilities:
            functions |= _scoring(network, limit)
        if names.GIVES_HINTS in capabilities:
            functions[names.HINTS] = _hints(network, limit)
        functions |= {
            name: _traced(signature.function, *signature.inputs, limit=limit)
            for name, signature in strategy.signatures(network).items()
        }
        tf.saved_model.save(module, str(directory), signatures=functions)
        # For those who batch sentences themselves, by their lengths.
        if can_store(encoders):
            write_vocabularies(directory, encoders)

    def open(
        self, directory: Path, metadata: ExportMetadata, device: Device = _ANY_DEVICE
    ) -> "OpenSavedModel":
        """Load a SavedModel.

        Raises:
            InputError: damaged, or there is no such device.
        """
        return OpenSavedModel(directory, metadata, device)


class OpenSavedModel:
    """A SavedModel in memory (`exports.runtime.Servable`).

    It keeps the loaded object alive, whose functions would otherwise refer to deleted variables.

    Args:
        directory: of the SavedModel.
        metadata: what it says of itself.
        device: where it computes; TensorFlow's choice by default.

    Raises:
        InputError: damaged, or there is no such device.
    """

    is_graph = True

    def __init__(self, directory: Path, metadata: ExportMetadata, device: Device = _ANY_DEVICE):
        self.export_dir = str(directory)
        self.metadata = metadata
        self._device = _tensorflow_name(device)
        with quiet_stderr():
            # What text is made of provokes a line on oneDNN, once a process: here, not later.
            tf.transpose(tf.zeros([1, 1], tf.int64))
        with literal(self.export_dir) as name, self._placed():
            try:
                self._loaded = tf.saved_model.load(name)
            except (OSError, ValueError, LookupError, RuntimeError, tf.errors.OpError) as error:
                reason = " ".join(str(error).replace(name, self.export_dir).split())[:200]
                raise InputError(f"SavedModel {directory} can't be loaded: {reason}") from error

    def call(self, signature: str, **tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        """Call a signature; see `Servable.call`.

        Raises:
            InputError: the export doesn't have it, or it refuses the length of the sources.
        """
        self.require(signature)
        limit = self.metadata.max_input_size
        if signature == names.HINTS and 0 < limit < (tensors["inputs"].shape[1] or 0):
            raise InputError(
                f"{self.export_dir} gives hints for sources of at most {limit} tokens, not "
                f"{tensors['inputs'].shape[1]}: train on shorter ones (--hparams=max_length="
                f"{limit}) or export with --decode_hparams=max_input_size=<more>."
            )
        with self._placed():
            return self._loaded.signatures[signature](**tensors)

    def _placed(self) -> contextlib.AbstractContextManager:
        return tf.device(self._device) if self._device else contextlib.nullcontext()

    def require(self, signature: str) -> None:
        """Refuse an export that lacks a signature; see `Servable.require`."""
        there = sorted(self._loaded.signatures)
        if signature not in there:
            raise InputError(
                f"SavedModel {self.export_dir}, a {self.metadata.model!r}, has no signature "
                f"{signature!r}; it has {', '.join(there)}.{nearest(signature, there)}"
            )

    def variables(self, *signatures: str) -> list[tf.Variable]:
        """What some signatures compute with, each once, for a SavedModel that calls them."""
        read = [read for name in signatures for read in self._loaded.signatures[name].variables]
        return list({id(variable): variable for variable in read}.values())

    @property
    def encoders(self) -> dict[str, TextEncoder]:
        """The vocabularies beside the graph, which older exports lack; see `Servable.encoders`."""
        return read_vocabularies(Path(self.export_dir))

    def translate(self, lines: Sequence[str]) -> list[str]:
        """Translate text with the tokenizer in the export."""
        # Exports made before they did so themselves take text as it is.
        text = tf.constant([sentence(line) for line in lines], tf.string)
        outputs = self.call(names.SERVING, text=text)["outputs"]
        return [text.decode("utf-8") for text in outputs.numpy()]


def _tensorflow_name(device: Device) -> str:
    """TensorFlow's name of a device, "" for its own choice.

    Raises:
        InputError: it doesn't see that one.
    """
    if not device.kind:
        return ""
    name = f"{device.kind.upper()}:{device.number}"
    there = [found.name.partition("device:")[2] for found in tf.config.list_logical_devices()]
    if name not in there:
        seen = ", ".join(name.lower() for name in there if name[:3] in ("CPU", "GPU"))
        raise InputError(f"TensorFlow sees no device {name.lower()!r} here, only {seen}.")
    return f"/{name}"


def compared_probes(network: keras.Model) -> dict[str, dict[str, int]]:
    """The probes of a network that some registered term compares, with their sizes."""
    compared = {name for term in registry.terms().values() for name in term.probes}
    return {name: sizes for name, sizes in probe_sizes(network).items() if name in compared}


def _traced(function: Callable[..., Any], *signature: tf.TensorSpec, limit: int = 0) -> Any:
    """Make a graph function whose inputs have the names of the parameters.

    Args:
        function: over the sentences of a batch, to tensors by name.
        *signature: of its parameters.
        limit: tokens to which the parameter `inputs` is cut; 0: it isn't.
    """
    parameters = inspect.signature(function).parameters
    named = [
        tf.TensorSpec(spec.shape, spec.dtype, name)
        for name, spec in zip(parameters, signature, strict=True)
    ]

    def accepting(*tensors):
        cuts = (limit if limit and spec.name == "inputs" else 0 for spec in named)
        pairs = zip(tensors, cuts, strict=True)
        return function(*(cut(tensor, most) if most else tensor for tensor, most in pairs))

    return _for_any_batch(accepting, named)


def _for_any_batch(function: Callable[..., Any], signature: Sequence[tf.TensorSpec]) -> Any:
    """Make a graph function that also takes a batch of no sentence, and gives as many back.

    Models and strategies, a user's own among them, needn't think of it: a sentence of EOS stands
    in, and what comes of it is dropped. Ids without a column have EOS alone, too.

    Without autograph: no Python control flow depends on a tensor, and looking for some takes most
    of the time of an export.
    """

    def on_some(*tensors):
        count = tf.shape(tensors[0])[0]
        lacking = tf.cast(count == 0, tf.int32)
        found = function(*(_with_rows(tensor, lacking) for tensor in tensors))
        return {name: tensor[:count] for name, tensor in found.items()}

    return tf.function(on_some, input_signature=signature, autograph=False)


def _with_rows(tensor: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Add so many rows to what has sentences: EOS to ids, zeros to other tensors."""
    if tensor.shape.rank == 0:
        return tensor
    if tensor.dtype == tf.int32 and tensor.shape.rank == 2:
        narrow = tf.cast(tf.shape(tensor)[1] == 0, tf.int32)
        return tf.pad(tensor, [[0, number], [0, narrow]], constant_values=EOS_ID)
    rows = tf.zeros(tf.concat([[number], tf.shape(tensor)[1:]], axis=0), tensor.dtype)
    return tf.concat([tensor, rows], axis=0)


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


def _text_graphs(encoders: dict[str, TextEncoder]) -> tuple[Any, Any]:
    """Those of inputs and targets, the same if the vocabularies are."""
    source = _text_graph(encoders["inputs"])
    shared = encoders["targets"].fingerprint() == encoders["inputs"].fingerprint()
    return source, source if shared else _text_graph(encoders["targets"])


def _translating(
    network: keras.Model, strategy: Strategy, source: Any, target: Any
) -> dict[str, Any]:
    """The signatures of every export."""
    limit = strategy.exported_input_size

    def decode(inputs):
        found = keep_empty(strategy(network, inputs), inputs)
        return {"outputs": found.ids[:, 0], "scores": found.scores[:, 0]}

    decoding = _traced(decode, IDS, limit=limit)

    def serve_text(text):
        # Cut by `decoding`; no wider than that needs, whatever the longest text.
        ragged = source.encode(sentences(text))[:, :limit]
        ends = tf.fill([ragged.nrows(), 1], tf.constant(EOS_ID, tf.int32))
        decoded = decoding(tf.concat([ragged, ends], axis=1).to_tensor(0))
        return {"outputs": target.decode(decoded["outputs"]), "scores": decoded["scores"]}

    def serve_examples(input):
        parsed = tf.io.parse_example(input, {"inputs": tf.io.VarLenFeature(tf.int64)})
        some = tf.sparse.slice(parsed["inputs"], [0, 0], [tf.size(input, tf.int64), limit + 1])
        return decoding(tf.cast(tf.sparse.to_dense(some), tf.int32))

    return {
        names.SERVING: _traced(serve_text, _STRINGS),
        names.EXAMPLE: _traced(serve_examples, _STRINGS),
        names.DECODE: decoding,
    }


def _check_targets(targets: tf.Tensor, limit: int) -> None:
    """Refuse targets that no source within the limit has."""
    longest = limit + LEAST_INPUT_SIZE
    told = f"Targets may have {longest} tokens (max_input_size + {LEAST_INPUT_SIZE})."
    tf.debugging.assert_less_equal(tf.shape(targets)[1], longest, told)


def _scoring(network: keras.Model, limit: int) -> dict[str, Any]:
    """Log-probabilities of given sentences, with the source encoded once or along with them."""

    def score(inputs, targets):
        _check_targets(targets, limit)
        tokens = token_log_probs(forward(network, inputs, targets).logits, targets)
        return {"log_prob": tf.reduce_sum(tokens, axis=1), "token_log_prob": tokens}

    scoring = Scoring(network)

    def within_limit(function):
        def checked(*tensors):
            _check_targets(tensors[-1], limit)
            return function(*tensors)

        return checked

    encoding = _traced(scoring.encode, IDS, limit=limit)
    specs = specs_of_encoded(encoding)
    return {
        names.SCORE: _traced(score, IDS, IDS, limit=limit),
        names.ENCODE: encoding,
        names.SCORE_ENCODED: _for_any_batch(within_limit(scoring.score_encoded), specs),
        names.CHOOSE: _for_any_batch(within_limit(scoring.choose), specs),
    }


def _hints(network: keras.Model, limit: int) -> Any:
    """Logits and the probes that terms compare, under teacher forcing."""
    probes = tuple(compared_probes(network))

    def hints(inputs, targets):
        tf.debugging.assert_less_equal(
            tf.shape(inputs)[1], limit, f"Sources may have {limit} tokens (max_input_size)."
        )
        _check_targets(targets, limit)
        output = forward(network, inputs, targets, probes=probes)
        return {"logits": output.logits, **output.probes}

    return _traced(hints, IDS, IDS)
