"""TensorBoard: training scalars with T2T's tags."""

from pathlib import Path

import tensorflow as tf

# Where T2T has a tag we use it; every loss term is logged unweighted.
TAGS = {
    "loss": "loss",
    "learning_rate": "learning_rate",
    "nll": "losses/nll",
    "hint_hidden": "losses/hint_hidden",
    "hint_align": "losses/hint_align",
    "gate_fraction": "hint/gate_fraction",
    "student_cosine": "hint/student_cosine",
    "teacher_cosine": "hint/teacher_cosine",
    "gradient_norm": "gradient_norm",
    "steps_per_second": "global_step/sec",
    "tokens_per_second": "tokens/sec",
    "target_tokens": "input_stats/targets_nonpadding_tokens",
}


class Summaries:
    """Write scalars of training to a directory and of evaluation to its eval/.

    Args:
        output_dir: T2T's output_dir.
    """

    def __init__(self, output_dir: str | Path):
        self._training = tf.summary.create_file_writer(str(output_dir))
        self._evaluation_dir = Path(output_dir) / "eval"
        self._evaluation: tf.summary.SummaryWriter | None = None

    def training(self, step: int, scalars: dict[str, float]) -> None:
        """Write training scalars under their TAGS (or their own name)."""
        self._write(self._training, step, {TAGS.get(k, k): v for k, v in scalars.items()})

    def evaluation(self, step: int, problem: str, scalars: dict[str, float]) -> None:
        """Write evaluation scalars: `loss` as it is, the others as metrics-<problem>/<name>."""
        if self._evaluation is None:
            self._evaluation = tf.summary.create_file_writer(str(self._evaluation_dir))
        tagged = {k if k == "loss" else f"metrics-{problem}/{k}": v for k, v in scalars.items()}
        self._write(self._evaluation, step, tagged)

    @staticmethod
    def _write(writer: tf.summary.SummaryWriter, step: int, scalars: dict[str, float]) -> None:
        with writer.as_default(step):
            for tag, value in scalars.items():
                tf.summary.scalar(tag, value)
        writer.flush()
