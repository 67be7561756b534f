"""Runtimes: what writes exports in one format and opens them, registered by name."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.exports.device import Device, named_device
from t2t_hint_nart.exports.metadata import ExportMetadata, newest_version, read_metadata

if TYPE_CHECKING:
    from t2t_hint_nart.decoding.strategy import Strategy

Tensors = dict[str, Any]
_ANY_DEVICE = Device()


class Servable(Protocol):
    """An open export, which several threads may call at once.

    Attributes:
        export_dir: where it is.
        metadata: what it says of itself.
        is_graph: whether calls can be traced into a TensorFlow function.
    """

    export_dir: str
    metadata: ExportMetadata
    is_graph: bool

    def call(self, signature: str, **tensors: Any) -> Tensors:
        """Call a signature (exports.metadata) with tensors by name."""

    def require(self, signature: str) -> None:
        """Refuse an export that lacks a signature.

        Raises:
            InputError: naming the signatures there are.
        """

    def translate(self, lines: Sequence[str]) -> list[str]:
        """Translate text with the vocabulary in the export."""

    @property
    def encoders(self) -> dict[str, TextEncoder]:
        """The vocabularies of "inputs" and "targets".

        Raises:
            InputError: they can't be read.
        """


class Runtime(Protocol):
    """A format of exports.

    One that needs a package has it as `needs`: its name, and the command that installs it. One
    whose exports can hold a teacher has a true `holds_teacher`, and saves a strategy's `variables`.
    """

    def offers(self, strategy: "Strategy", capabilities: Sequence[str]) -> tuple[str, ...]:
        """What of a model's capabilities its exports in this format have.

        Args:
            strategy: of `decode`.
            capabilities: the model's (exports.metadata).
        """

    def write(
        self,
        network: Any,
        strategy: "Strategy",
        encoders: dict[str, TextEncoder],
        capabilities: Sequence[str],
        directory: Path,
    ) -> None:
        """Write a network, and what decodes it, into an empty directory.

        Args:
            network: with its weights.
            strategy: of `decode`.
            encoders: vocabularies of inputs and targets.
            capabilities: whose signatures are written.
            directory: where to.
        """

    def open(
        self, directory: Path, metadata: ExportMetadata, device: Device = _ANY_DEVICE
    ) -> Servable:
        """Load an export.

        Args:
            directory: of the export.
            metadata: what it says of itself.
            device: where it computes.

        Raises:
            InputError: damaged, or there is no such device.
        """


def open_export(export_dir: str | Path, device: str = "") -> Servable:
    """Open the newest version of an export with the runtime that wrote it.

    Args:
        export_dir: of a version, or of several.
        device: where it computes: "cpu", "gpu", "gpu:1"; "" leaves it to the runtime.

    Raises:
        InputError: no export there, a damaged one, one with another's files, or one of a runtime
            that isn't known; no such device.
    """
    place = named_device(device)
    # Looked up once: a newer one may come while a runtime is imported.
    folder = newest_version(export_dir)
    metadata = read_metadata(folder)
    runtime: Runtime = registry.runtime(metadata.runtime)
    metadata.check_files(folder)
    # A runtime of a user's own needn't know devices.
    return runtime.open(folder, metadata, *([place] if place.kind else []))


def missing_package(name: str) -> str:
    """Return the command that installs what a runtime needs, "" if it is there.

    Raises:
        UnknownNameError: no such runtime.
    """
    package, command = getattr(registry.runtime(name), "needs", ("", ""))
    return command if package and importlib.util.find_spec(package) is None else ""
