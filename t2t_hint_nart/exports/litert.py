"""LiteRT (TensorFlow Lite): a small file for one sentence at a time, the fastest on a CPU.

A file holds every signature over the same weights, and serves sentences of any length. A student
translates, and gives candidates; a teacher gives the probability of whole sentences, and verifies
drafts. Opening one needs `ai-edge-litert` and no TensorFlow.
"""

import itertools
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports import metadata as names
from t2t_hint_nart.exports.device import Device
from t2t_hint_nart.exports.metadata import ExportMetadata
from t2t_hint_nart.exports.plain_text import PlainTextServable, Tensors
from t2t_hint_nart.exports.vocabulary_files import write_vocabularies
from t2t_hint_nart.files.whole_file import written_whole
from t2t_hint_nart.process.startup_noise import quiet_stderr
from t2t_hint_nart.process.threads import threads_of_a_call
from t2t_hint_nart.text import EOS_ID

if TYPE_CHECKING:
    import keras

    from t2t_hint_nart.data.problem import TextEncoder
    from t2t_hint_nart.decoding.strategy import Strategy

MODEL_FILE = "model.tflite"
# Tokens of the sentences that are translated together: beyond that they leave the cache.
TOGETHER = 64
_EXTRA = 'pip install "t2t-hint-nart[litert]"'
_CPU = Device("cpu")


class LiteRtRuntime:
    """Writes and opens LiteRT files (`exports.runtime.Runtime`).

    Attributes:
        int8: whether weights are stored, and multiplied, as 8-bit integers; activations are
            quantized as they come, a row at a time.
    """

    needs = ("ai_edge_litert", _EXTRA)
    int8 = False

    def offers(self, strategy: "Strategy", capabilities: Sequence[str]) -> tuple[str, ...]:
        """One pass translates, and a scorer scores; args as `Runtime.offers`."""
        from t2t_hint_nart.decoding.parallel import ParallelPass

        can = {
            names.TRANSLATES: isinstance(strategy, ParallelPass),
            names.SCORES: names.SCORES in capabilities,
        }
        return tuple(name for name, is_there in can.items() if is_there)

    def write(
        self,
        network: "keras.Model",
        strategy: "Strategy",
        encoders: "dict[str, TextEncoder]",
        capabilities: Sequence[str],
        directory: Path,
    ) -> None:
        """Convert a network; args as `Runtime.write`.

        Raises:
            InputError: it has neither a strategy of one pass nor scores, or an operation that
                LiteRT lacks.
        """
        converted = _converted(network, _functions(network, strategy, capabilities), self.int8)
        with written_whole(directory / MODEL_FILE) as file:
            file.write_bytes(converted)
        write_vocabularies(directory, encoders)

    def open(
        self, directory: Path, metadata: ExportMetadata, device: Device = _CPU
    ) -> "OpenLiteRt":
        """Load a file.

        Raises:
            InputError: LiteRT isn't installed, the file is damaged, or a GPU is asked for.
        """
        if device.kind == "gpu":
            raise InputError(f"{directory} is for LiteRT, which computes on a CPU: device='cpu'.")
        return OpenLiteRt(directory, metadata)


class LiteRtInt8Runtime(LiteRtRuntime):
    """LiteRT with weights of 8 bits: a third of the size, half of the time, a little less exact."""

    int8 = True


def _functions(
    network: "keras.Model", strategy: "Strategy", capabilities: Sequence[str]
) -> dict[str, Any]:
    """The signatures, each for one source sentence, but `decode` for several of one length.

    Raises:
        InputError: there are none.
    """
    import tensorflow as tf

    from t2t_hint_nart.decoding.sources import best
    from t2t_hint_nart.exports.scoring import Scoring, specs_of_encoded
    from t2t_hint_nart.losses.likelihood import token_log_probs
    from t2t_hint_nart.models.network import Canvas

    one = tf.TensorSpec([1, None], tf.int32, "inputs")
    some = tf.TensorSpec([None, None], tf.int32, "inputs")

    def decode(inputs):
        return best(strategy(network, inputs), inputs)

    def score(inputs, targets):
        source = network.encode(inputs)
        if not getattr(network, "broadcasts_source", False):
            count = tf.shape(targets)[0]
            source = tf.nest.map_structure(lambda part: tf.repeat(part, count, axis=0), source)
        logits = network.decode(source, Canvas(targets != 0, targets)).logits
        tokens = token_log_probs(logits, targets)
        return {"log_prob": tf.reduce_sum(tokens, axis=1), "token_log_prob": tokens}

    functions: dict[str, tuple[Any, tuple[tf.TensorSpec, ...]]] = {}
    if names.TRANSLATES in capabilities:
        functions[names.DECODE] = (decode, (some,))
        for name, signature in strategy.signatures(network).items():
            functions[name] = (signature.function, (one, *signature.inputs[1:]))
    if names.SCORES in capabilities:
        targets = tf.TensorSpec([None, None], tf.int32, "targets")
        functions[names.SCORE] = (score, (one, targets))
        scoring = Scoring(network, one)
        functions[names.ENCODE] = (scoring.encode, (one,))
        encoding = tf.function(scoring.encode, input_signature=(one,), autograph=False)
        specs = specs_of_encoded(encoding, tf.TensorSpec([1, None], tf.int32))
        functions[names.CHOOSE] = (scoring.choose, tuple(specs))
    if not functions:
        raise InputError(
            "LiteRT is for models of one pass and for scorers; export with --format=saved_model."
        )
    return {
        name: tf.function(function, input_signature=specs, autograph=False)
        for name, (function, specs) in functions.items()
    }


def _converted(network: "keras.Model", functions: dict[str, Any], int8: bool) -> bytes:
    """The file.

    Raises:
        InputError: an operation that LiteRT lacks.
    """
    import tensorflow as tf

    module = tf.Module()
    module.held = [variable.value for variable in network.variables]
    with tempfile.TemporaryDirectory() as saved:
        tf.saved_model.save(module, saved, signatures=functions)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            saved, signature_keys=sorted(functions)
        )
        if int8:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        try:
            converted: bytes = converter.convert()
        except Exception as error:  # the converter has no class of its own for what it lacks
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"LiteRT can't express this model: {reason}") from error
    return converted


class OpenLiteRt(PlainTextServable):
    """A LiteRT file in memory (`exports.runtime.Servable`).

    Sentences are translated together if they are of one length, TOGETHER tokens at a time, so that
    nothing is computed of padding; all else is computed sentence by sentence. An interpreter has
    one state: calls of several threads come one after the other.

    Args:
        directory: of the export.
        metadata: what it says of itself.
    """

    def __init__(self, directory: Path, metadata: ExportMetadata):
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise InputError(f"{directory} is for LiteRT: {_EXTRA}") from error
        path = directory / MODEL_FILE
        try:
            with quiet_stderr():
                interpreter = Interpreter(
                    model_content=path.read_bytes(), num_threads=threads_of_a_call()
                )
                # Says then how it computes.
                interpreter.allocate_tensors()
            runners = {
                name: interpreter.get_signature_runner(name)
                for name in interpreter.get_signature_list()
            }
        except (OSError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{path} can't be loaded: {reason}") from error
        super().__init__(directory, metadata, sorted(runners))
        self._runners = runners
        self._turn = threading.Lock()
        # Files of before take one.
        self._translates_some = names.DECODE in runners and _takes_some(runners[names.DECODE])

    def call(self, signature: str, **tensors: Any) -> Tensors:
        """Call a signature; see `Servable.call`.

        Sources, and each one's rows of targets, have no padding then. What is encoded already is
        taken as it is, so that passes over targets of one width plan memory once. Outputs of
        different lengths are filled up with zeros.
        """
        self.require(signature)
        arrays = {name: np.asarray(values) for name, values in tensors.items()}
        with self._turn:
            return self._called(signature, arrays)

    def _called(self, signature: str, arrays: dict[str, np.ndarray]) -> Tensors:
        if signature == names.DECODE and len(arrays["inputs"]) > 1 and self._translates_some:
            return self._translated(self.accepted(arrays["inputs"]))
        count = len(arrays["inputs"] if "inputs" in arrays else next(iter(arrays.values())))
        calls = self._unpadded(**arrays) if "inputs" in arrays else _row_by_row(arrays)
        outputs = [self._runners[signature](**call) for call in calls]
        # In place of no sentence one stands in, of which nothing is kept.
        kept = slice(None if count else 0)
        return {name: _stacked([row[name] for row in outputs])[kept] for name in outputs[0]}

    def _translated(self, sources: list[np.ndarray]) -> Tensors:
        """What `decode` makes of sources, those of one length together."""
        order = sorted(range(len(sources)), key=lambda place: len(sources[place]))
        outputs = []
        for length, group in itertools.groupby(order, lambda place: len(sources[place])):
            alike, most = list(group), max(TOGETHER // max(length, 1), 1)
            for start in range(0, len(alike), most):
                inputs = np.stack([sources[place] for place in alike[start : start + most]])
                outputs.append(self._runners[names.DECODE](inputs=inputs))
        places = np.argsort(order)
        return {name: _stacked([rows[name] for rows in outputs])[places] for name in outputs[0]}

    def _unpadded(self, inputs: np.ndarray, **others: np.ndarray) -> list[dict[str, np.ndarray]]:
        """What each sentence is called with, EOS alone in place of none."""
        sources = self.accepted(inputs) or [np.array([EOS_ID], np.int32)]
        return [
            {"inputs": source[None], **_own(others, index, len(sources))}
            for index, source in enumerate(sources)
        ]


def _takes_some(runner: Any) -> bool:
    return bool(runner.get_input_details()["inputs"]["shape_signature"][0] < 0)


def _row_by_row(tensors: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Divide rows of equal size, zeros in place of none."""
    if not len(next(iter(tensors.values()))):
        tensors = {n: np.zeros((1, *rows.shape[1:]), rows.dtype) for n, rows in tensors.items()}
    return [
        dict(zip(tensors, row, strict=True))
        for row in zip(*(np.split(rows, len(rows)) for rows in tensors.values()), strict=True)
    ]


def _own(tensors: dict[str, np.ndarray], index: int, count: int) -> dict[str, np.ndarray]:
    """What belongs to one of so many sentences: its share of rows, without padding behind them."""
    own = {}
    for name, values in tensors.items():
        if values.ndim == 2:
            share = len(values) // count
            values = values[index * share : (index + 1) * share]
            longest = int(np.count_nonzero(values, axis=1).max(initial=1))
            values = np.ascontiguousarray(values[:, :longest], np.int32)
        own[name] = values
    return own


def _stacked(rows: list[np.ndarray]) -> np.ndarray:
    """Rows one below the other, each filled up with zeros to the largest."""
    if len(rows) == 1:
        return rows[0]
    shapes = np.array([row.shape for row in rows])
    stacked = np.zeros([shapes[:, 0].sum(), *shapes[:, 1:].max(axis=0)], rows[0].dtype)
    start = 0
    for row in rows:
        stacked[(slice(start, start + len(row)), *map(slice, row.shape[1:]))] = row
        start += len(row)
    return stacked
