"""What one model does for another: it gives hints, scores or translates. Asked of open exports.

TensorFlow is loaded by what needs it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from t2t_hint_nart.data.problem_identity import ProblemIdentity
from t2t_hint_nart.decoding.verified import Choices
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports import candidates
from t2t_hint_nart.exports.metadata import (
    CHOOSE,
    DECODE,
    ENCODE,
    GIVES_HINTS,
    HINTS,
    SAVED_MODEL,
    SCORE,
    SCORE_ENCODED,
    SCORES,
    TRANSLATES,
    ExportMetadata,
)
from t2t_hint_nart.exports.runtime import Servable, open_export

if TYPE_CHECKING:
    import tensorflow as tf

    from t2t_hint_nart.models.network import Output

# What others do with an export that lacks the capability.
_LACKS = {
    TRANSLATES: "can't translate",
    SCORES: "gives no probability of whole sentences",
    GIVES_HINTS: "gives no hints",
}


class Capability:
    """An export that is used for one thing.

    A plain object on purpose: as an attribute of a Keras model it isn't tracked, so that none of
    its variables enters that model's checkpoint.

    Args:
        export: an open export, or its directory.

    Raises:
        InputError: no export there, a damaged one, or one that lacks the capability.
    """

    name: ClassVar[str]

    def __init__(self, export: Servable | str | Path):
        self.export: Servable = open_export(export) if isinstance(export, str | Path) else export
        facts = self.metadata
        if self.name not in facts.capabilities:
            other = facts.runtime != SAVED_MODEL
            raise InputError(
                f"{self.export_dir}, a {facts.model!r}, {_LACKS[self.name]}: it has "
                f"{', '.join(facts.capabilities) or 'no capability'}."
                + f" It is for {facts.runtime}: --format={SAVED_MODEL} may have more."
                * other
            )

    @property
    def metadata(self) -> ExportMetadata:
        """What the export says of itself."""
        return self.export.metadata

    @property
    def export_dir(self) -> str:
        """Where the export is."""
        return self.export.export_dir

    def check_fits(self, wanted: ProblemIdentity, whose: str = "") -> str:
        """Refuse an export of other vocabularies or of the opposite direction.

        Args:
            wanted: what it is used on.
            whose: what `wanted` is of; its problem by default.

        Returns:
            A warning if the export was trained on another problem, else "".

        Raises:
            InputError: naming the first thing that differs.
        """
        return self.metadata.learnt.check_fits(wanted, self.export_dir, whose)

    def tell_misfit(
        self, wanted: ProblemIdentity, say: Callable[[str], None], whose: str = ""
    ) -> None:
        """`check_fits`, the warning being told."""
        if warning := self.check_fits(wanted, whose):
            say(f"Warning: {warning}")


class HintGiver(Capability):
    """Gives its output under teacher forcing, with its probes; to be called outside of any tape."""

    name = GIVES_HINTS

    def check_sizes(self, difference: str) -> None:
        """Refuse hints that can't be compared.

        Args:
            difference: what keeps them from it (`Objective.misfits`), "" if nothing does.

        Raises:
            InputError: naming it.
        """
        if difference:
            raise InputError(
                f"The teacher {self.export_dir} doesn't fit the student: {difference}."
            )
        if self.metadata.dtype != "float32":
            raise InputError(
                f"The teacher {self.export_dir} computes in {self.metadata.dtype}, not float32."
            )

    def hints(self, inputs: "tf.Tensor", targets: "tf.Tensor") -> "Output":
        """The output on a batch, without gradient and without dropout.

        Args:
            inputs: int32[B, S].
            targets: int32[B, T].
        """
        import tensorflow as tf

        from t2t_hint_nart.models.network import Output

        tensors = {
            name: tf.stop_gradient(tensor)
            for name, tensor in self.export.call(HINTS, inputs=inputs, targets=targets).items()
        }
        return Output(tensors.pop("logits"), targets != 0, tensors)


class ExportedScorer(Capability):
    """Gives the probability of whole sentences (`decoding.strategy.Scorer`)."""

    name = SCORES

    @property
    def variables(self) -> "list[tf.Variable]":
        """What it computes with, for a SavedModel that holds it.

        Raises:
            InputError: it is no SavedModel itself.
        """
        from t2t_hint_nart.exports.saved_model import OpenSavedModel

        if not isinstance(self.export, OpenSavedModel):
            raise InputError(
                f"{self.export_dir} is for {self.metadata.runtime}: only a teacher exported with "
                "--format=saved_model can be part of another export."
            )
        return self.export.variables(ENCODE, SCORE_ENCODED)

    def score(self, inputs: "tf.Tensor", targets: "tf.Tensor") -> "tf.Tensor":
        """Log p(targets | inputs), EOS included: float32[B], in nats.

        Without a graph there may be several rows of targets for each of inputs, one below the
        other.
        """
        return self.export.call(SCORE, inputs=inputs, targets=targets)["log_prob"]

    def encode(self, inputs: "tf.Tensor") -> "dict[str, tf.Tensor]":
        """Encode sources once for any number of targets: int32[B, S] → tensors by name."""
        return self.export.call(ENCODE, inputs=inputs)

    def rank(self, inputs: Any, ids: Any, alpha: float = 0.0) -> tuple[Any, Any]:
        """Sort the candidates int32[B, C, T] of sources int32[B, S], best first.

        Returns:
            ids int32[B, C, L], each with its EOS, and scores float32[B, C] (`rank_candidates`); a
            source without a word has the empty translation.
        """
        if self.export.is_graph:
            from t2t_hint_nart.decoding.sources import keep_empty
            from t2t_hint_nart.decoding.strategy import rank_candidates

            ranked = rank_candidates(self.encode(inputs), ids, self.score_encoded, alpha)
            return tuple(keep_empty(ranked, inputs))
        inputs, ids = np.asarray(inputs), np.asarray(ids)
        # Each source with all its candidates, as it is.
        return candidates.rank(inputs, ids, lambda targets: self.score(inputs, targets), alpha)

    def score_encoded(self, source: "Mapping[str, tf.Tensor]", targets: "tf.Tensor") -> "tf.Tensor":
        """Log p(targets | source), EOS included: float32[B], in nats.

        Args:
            source: as `encode` gives it, a row for each target.
            targets: int32[B, T], ending in EOS, PAD 0 after it.
        """
        return self.export.call(SCORE_ENCODED, **source, targets=targets)["log_prob"]

    def choose(self, source: Mapping[str, Any], targets: Any) -> Choices:
        """What it would say in place of each target, given those before; args as above.

        Without a graph, arrays.
        """
        return Choices(**self.export.call(CHOOSE, **source, targets=targets))


class ExportedTranslator(Capability):
    """Translates ids as it was exported to do."""

    name = TRANSLATES

    def decode(self, inputs: "tf.Tensor") -> "tuple[tf.Tensor, tf.Tensor]":
        """int32[B, S] → outputs int32[B, L], PAD after EOS, and scores float32[B]."""
        result = self.export.call(DECODE, inputs=inputs)
        return result["outputs"], result["scores"]
