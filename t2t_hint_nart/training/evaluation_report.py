"""Where an evaluation's results go: the terminal, TensorBoard, the history."""

from collections.abc import Callable
from typing import TextIO

from t2t_hint_nart.training.dev_images import Pictures
from t2t_hint_nart.training.early_stopping import BEST_DIR, EvaluationHistory
from t2t_hint_nart.training.summaries import Summaries


class EvaluationReport:
    """Tell the results of evaluations.

    Args:
        summaries: of the run.
        problem_name: names the tags.
        stream: where a line goes.
        pictures: what to draw of the network as it is, if anything.
        history: remembers the results and keeps the best checkpoint, if given.
    """

    def __init__(
        self,
        summaries: Summaries,
        problem_name: str,
        stream: TextIO,
        pictures: Callable[[], Pictures] | None = None,
        history: EvaluationHistory | None = None,
    ):
        self._summaries = summaries
        self._problem_name = problem_name
        self._stream = stream
        self._pictures = pictures
        self.history = history

    def report(self, step: int, checkpoint: str | None, scalars: dict[str, float]) -> None:
        """Tell one evaluation.

        Args:
            step: of the network.
            checkpoint: its path; None for what isn't on the way of training, and no best.
            scalars: metrics by name.
        """
        self._summaries.evaluation(step, self._problem_name, scalars)
        if self._pictures is not None:
            self._summaries.images(step, self._pictures())
        shown = "  ".join(f"{name} {value:.4f}" for name, value in scalars.items())
        best = ""
        if self.history is not None and checkpoint is not None:
            is_best = self.history.record(step, checkpoint, scalars)
            best = f"  (best {self.history.rule.metric}, kept in best/)" if is_best else ""
        print(f"  eval at step {step}: {shown}{best}", file=self._stream, flush=True)

    def has_stopped(self, step: int) -> bool:
        """Whether early stopping says so, and if it does, a line about it."""
        if self.history is None or not self.history.has_stopped(step):
            return False
        rule = self.history.rule
        best = self.history.best()
        where = f"; the best is in {self.history.directory / BEST_DIR}" if best else ""
        print(
            f"Stopped at step {step}: {rule.metric} hasn't improved by {rule.delta:g} in "
            f"{rule.steps} steps{where}.",
            file=self._stream,
            flush=True,
        )
        return True
