"""A loaded SavedModel, called by signature."""

from pathlib import Path

import tensorflow as tf

from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.exports.metadata import DECODE, SERVING, ExportMetadata, read_metadata

# Imported for its side effect: a SavedModel with a tokenizer in it needs tf-text's ops.
from t2t_hint_nart.text import graph as _tokenizer_ops  # noqa: F401


class ExportedModel:
    """An export in memory.

    A plain object on purpose: as an attribute of a Keras model it isn't tracked, so none of its
    variables enters that model's checkpoint. It keeps the loaded object alive, whose functions
    would otherwise refer to deleted variables.

    Args:
        export_dir: a SavedModel written by t2t-exporter.

    Raises:
        InputError: no SavedModel there, or a damaged one.
    """

    def __init__(self, export_dir: str | Path):
        self.export_dir = str(export_dir)
        self.metadata: ExportMetadata = read_metadata(export_dir)
        try:
            self._loaded = tf.saved_model.load(self.export_dir)
        except (OSError, ValueError, LookupError, RuntimeError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"SavedModel {export_dir} can't be loaded: {reason}") from error

    def call(self, signature: str, **tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        """Call a signature (see exports.metadata).

        Raises:
            InputError: the export doesn't have it.
        """
        self.require(signature)
        return self._loaded.signatures[signature](**tensors)

    def require(self, signature: str) -> None:
        """Refuse an export that lacks a signature.

        Raises:
            InputError: naming the signatures there are.
        """
        there = sorted(self._loaded.signatures)
        if signature not in there:
            raise InputError(
                f"SavedModel {self.export_dir}, a {self.metadata.model!r}, has no signature "
                f"{signature!r}; it has {', '.join(there)}.{nearest(signature, there)}"
            )

    def decode(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Translate as exported: a teacher by beam search, a student in one pass.

        Args:
            inputs: int32[B, S].

        Returns:
            outputs int32[B, L], PAD after EOS, and scores float32[B].
        """
        result = self.call(DECODE, inputs=inputs)
        return result["outputs"], result["scores"]

    def translate(self, lines: list[str]) -> list[str]:
        """Translate text with the tokenizer in the export."""
        outputs = self.call(SERVING, text=tf.constant(lines, tf.string))["outputs"]
        return [text.decode("utf-8") for text in outputs.numpy()]
