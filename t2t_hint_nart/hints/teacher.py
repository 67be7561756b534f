"""The teacher: a frozen SavedModel that gives hints, scores and translations."""

from pathlib import Path

import tensorflow as tf

# Imported for its side effect: a SavedModel with a tokenizer in it needs tf-text's ops.
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models import export_metadata as metadata_module
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.models.export_metadata import ExportMetadata, read_metadata
from t2t_hint_nart.text import graph as _graph  # noqa: F401


class Teacher:
    """A teacher's SavedModel, called outside of any tape.

    A plain object on purpose: as an attribute of a Keras model it isn't tracked, so none of its
    variables enters the student's checkpoint. It keeps the loaded object alive, whose functions
    would otherwise refer to deleted variables. It runs as exported: without dropout.

    Args:
        export_dir: a SavedModel written by t2t-exporter.

    Raises:
        InputError: no SavedModel there, a damaged one, or one without the `hints` signature.
    """

    def __init__(self, export_dir: str | Path):
        self.export_dir = str(export_dir)
        self.metadata: ExportMetadata = read_metadata(export_dir)
        try:
            self._loaded = tf.saved_model.load(self.export_dir)
        except (OSError, ValueError, tf.errors.OpError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"SavedModel {export_dir} can't be loaded: {reason}") from error
        missing = {metadata_module.HINTS, metadata_module.SCORE} - set(self._loaded.signatures)
        if missing:
            raise InputError(
                f"SavedModel {export_dir} has no signature {sorted(missing)[0]!r}; a teacher is an "
                f"exported `transformer`, this is a {self.metadata.model!r}."
            )

    def check_fits(
        self, vocab_fingerprint: str, vocab_size: int, num_decoder_layers: int, num_heads: int
    ) -> None:
        """Refuse a teacher whose hints the student can't use.

        Args:
            vocab_fingerprint, vocab_size: of the student's target vocabulary.
            num_decoder_layers: N of the student; hints are layer to layer.
            num_heads: H of the student; alignments are head to head.

        Raises:
            InputError: naming the first thing that differs.
        """
        facts = self.metadata
        for what, theirs, ours in (
            ("vocabulary size", facts.vocab_size, vocab_size),
            ("vocabulary (sha256)", facts.vocab_fingerprint, vocab_fingerprint),
            ("number of decoder layers", facts.num_decoder_layers, num_decoder_layers),
            ("number of heads", facts.num_heads, num_heads),
            ("dtype", facts.dtype, "float32"),
        ):
            if theirs != ours:
                raise InputError(
                    f"The teacher {self.export_dir} doesn't fit the student: its {what} is "
                    f"{theirs}, the student's is {ours}."
                )

    def hints(self, inputs: tf.Tensor, targets: tf.Tensor) -> DecoderOutput:
        """The teacher's output under teacher forcing.

        Args:
            inputs: int32[B, S]; targets: int32[B, T].

        Returns:
            DecoderOutput, without gradient.
        """
        outputs = self._loaded.signatures[metadata_module.HINTS](inputs=inputs, targets=targets)
        fields = {name: tf.stop_gradient(outputs[name]) for name in DecoderOutput._fields}
        return DecoderOutput(**fields)

    def score(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """log p(targets | inputs), EOS included: float32[B], in nats."""
        signature = self._loaded.signatures[metadata_module.SCORE]
        return signature(inputs=inputs, targets=targets)["log_prob"]

    def decode(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The teacher's translations by the exported beam search.

        Args:
            inputs: int32[B, S].

        Returns:
            outputs int32[B, L], PAD after EOS, and scores float32[B].
        """
        result = self._loaded.signatures[metadata_module.DECODE](inputs=inputs)
        return result["outputs"], result["scores"]
