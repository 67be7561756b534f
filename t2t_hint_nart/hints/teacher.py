"""The teacher: a frozen SavedModel that gives hints and scores."""

from pathlib import Path

import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.exported_model import ExportedModel
from t2t_hint_nart.exports.metadata import ENCODE, HINTS, SCORE, SCORE_ENCODED
from t2t_hint_nart.models.decoder_output import DecoderOutput


class Teacher(ExportedModel):
    """A teacher's SavedModel, to be called outside of any tape. It runs without dropout.

    Args:
        export_dir: an exported `transformer`.

    Raises:
        InputError: no SavedModel there, a damaged one, or one that isn't a teacher.
    """

    def __init__(self, export_dir: str | Path):
        super().__init__(export_dir)
        for signature in (SCORE, HINTS):
            self.require(signature)

    def check_fits(
        self, vocab_fingerprint: str, vocab_size: int, num_decoder_layers: int, num_heads: int
    ) -> None:
        """Refuse a teacher whose hints the student can't use.

        Args:
            vocab_fingerprint: sha256 of the student's target vocabulary.
            vocab_size: V of the student.
            num_decoder_layers: N of the student; hints are layer to layer.
            num_heads: H of the student; alignments are head to head.

        Raises:
            InputError: naming the first thing that differs.
        """
        self.check_vocabulary(vocab_fingerprint, vocab_size)
        facts = self.metadata
        self._check_same(
            ("number of decoder layers", facts.num_decoder_layers, num_decoder_layers),
            ("number of heads", facts.num_heads, num_heads),
            ("dtype", facts.dtype, "float32"),
        )

    def check_vocabulary(self, vocab_fingerprint: str, vocab_size: int) -> None:
        """Refuse a teacher that can't score the student's tokens; sizes of layers may differ.

        Args:
            vocab_fingerprint: sha256 of the student's target vocabulary.
            vocab_size: V of the student.

        Raises:
            InputError: naming the first thing that differs.
        """
        facts = self.metadata
        self._check_same(
            ("vocabulary size", facts.vocab_size, vocab_size),
            ("vocabulary (sha256)", facts.vocab_fingerprint, vocab_fingerprint),
        )

    def _check_same(self, *facts: tuple[str, object, object]) -> None:
        """Facts: what, the teacher's, the student's."""
        for what, theirs, ours in facts:
            if theirs != ours:
                raise InputError(
                    f"The teacher {self.export_dir} doesn't fit the student: its {what} is "
                    f"{theirs}, the student's is {ours}."
                )

    def hints(self, inputs: tf.Tensor, targets: tf.Tensor) -> DecoderOutput:
        """The teacher's output under teacher forcing.

        Args:
            inputs: int32[B, S].
            targets: int32[B, T].

        Returns:
            DecoderOutput, without gradient.
        """
        outputs = self.call(HINTS, inputs=inputs, targets=targets)
        fields = {name: tf.stop_gradient(outputs[name]) for name in DecoderOutput._fields}
        return DecoderOutput(**fields)

    def score(self, inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Log p(targets | inputs), EOS included: float32[B], in nats."""
        return self.call(SCORE, inputs=inputs, targets=targets)["log_prob"]

    def encode(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Encode sources once for any number of targets: int32[B, S] → what `score_encoded` reads.

        Returns:
            float32[B, S, D] and the source mask, bool[B, S], True = real token.
        """
        result = self.call(ENCODE, inputs=inputs)
        return result["encoded"], result["source_mask"]

    def score_encoded(self, source: tuple[tf.Tensor, tf.Tensor], targets: tf.Tensor) -> tf.Tensor:
        """Log p(targets | source), EOS included: float32[B], in nats.

        Args:
            source: as `encode` gives it, a row for each target.
            targets: int32[B, T], ending in EOS, PAD 0 after it.
        """
        encoded, mask = source
        found = self.call(SCORE_ENCODED, encoded=encoded, source_mask=mask, targets=targets)
        return found["log_prob"]
