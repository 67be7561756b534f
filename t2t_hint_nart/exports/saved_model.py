"""SavedModels: text in, text out, with the signatures that readers need."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.decoding.strategy import Strategy
from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.exports import metadata as names
from t2t_hint_nart.exports.device import Device
from t2t_hint_nart.exports.metadata import ExportMetadata
from t2t_hint_nart.exports.signatures import signatures, text_graphs
from t2t_hint_nart.exports.vocabulary_files import can_store, read_vocabularies, write_vocabularies
from t2t_hint_nart.files.literal_path import literal
from t2t_hint_nart.process.startup_noise import quiet_stderr
from t2t_hint_nart.text.lines import sentence

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
        text = text_graphs(encoders)
        module.text = list(text)
        functions = signatures(network, strategy, text, capabilities)
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
