"""What a user sees while training: one line of numbers every so often."""

import time
from collections.abc import Callable, Iterable
from typing import TextIO

from t2t_hint_nart.losses.term import Scalar
from t2t_hint_nart.progress import duration

# Numbers of a progress line: before the objective's the loss, after them the others.
LOSS = Scalar("loss", "loss", "loss")
GRADIENT_NORM = Scalar("gradient_norm", "gradient_norm", "grad", "{:.3f}")
LEARNING_RATE = Scalar("learning_rate", "learning_rate", "lr", "{:.2e}")
SECONDS_TO_FIRST_LINE = 10.0
SECONDS_BETWEEN_LINES = 60.0


class Progress:
    """Rates and remaining time of a training run, told to a stream.

    Of the objective's scalars those with a label are shown, in their order; the clock is for tests.
    """

    def __init__(
        self,
        total_steps: int,
        first_step: int,
        stream: TextIO,
        scalars: Iterable[Scalar] = (),
        clock: Callable[[], float] = time.monotonic,
    ):
        self._total = total_steps
        self._step = first_step
        self._stream = stream
        terms = (scalar for scalar in scalars if scalar.label)
        self._shown = (LOSS, *terms, GRADIENT_NORM, LEARNING_RATE)
        self._clock = clock
        self._since = clock()
        # Where the pace of an unfinished interval counts from: in the first behind the first step,
        # for which the graph is traced.
        self._begun: tuple[int, float] | None = None
        self._told_at: float | None = None

    def pause(self) -> Callable[[], None]:
        """Stop the clock, e.g. for an evaluation; call the result to go on."""
        paused = self._clock()

        def resume() -> None:
            lost = self._clock() - paused
            self._since += lost
            if self._begun:
                self._begun = self._begun[0], self._begun[1] + lost

        return resume

    def between(self, step: int, scalars: Callable[[], dict[str, float]]) -> None:
        """Print a line within an interval where nothing has been told for long.

        Args:
            step: steps done.
            scalars: gives those of the last step, by name.
        """
        now = self._clock()
        if self._begun is None:
            self._begun = step, now
            return
        first, begun = self._begun
        told_at, patience = self._told_at, SECONDS_BETWEEN_LINES
        if told_at is None:
            told_at, patience = begun, SECONDS_TO_FIRST_LINE
        if now - told_at >= patience:
            self._say(step, (step - first) / (now - begun), "", scalars())

    def report(self, step: int, tokens: float, scalars: dict[str, float]) -> dict[str, float]:
        """Print the line of an interval and return its steps_per_second and tokens_per_second.

        Args:
            step: steps done.
            tokens: real target tokens since the last report.
            scalars: means over the interval, by name.
        """
        now = self._clock()
        seconds = max(now - self._since, 1e-9)
        steps_per_second = (step - self._step) / seconds
        rates = {"steps_per_second": steps_per_second, "tokens_per_second": tokens / seconds}
        self._say(step, steps_per_second, f"{tokens / seconds:.0f} tokens/s  ", scalars)
        self._step, self._since = self._begun = step, now
        return rates

    def _say(
        self, step: int, steps_per_second: float, pace: str, scalars: dict[str, float]
    ) -> None:
        remaining = (self._total - step) / max(steps_per_second, 1e-9)
        numbers = [
            f"{shown.label} {shown.form.format(scalars[shown.name])}"
            for shown in self._shown
            if shown.name in scalars
        ]
        pace += f"ETA {duration(remaining)}"
        line = "  ".join([f"step {step}/{self._total}", pace, *numbers])
        print(line, file=self._stream, flush=True)
        self._told_at = self._clock()
