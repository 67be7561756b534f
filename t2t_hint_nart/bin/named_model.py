"""The trained model that a command's flags name: --model, --hparams_set, --problem, a checkpoint.

In: parsed flags. Out: problem and hyperparameters, checked before anything is loaded, and the model
when it is asked for. Must not import TensorFlow at import.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags

from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.printed_command import printed_command

if TYPE_CHECKING:
    from t2t_hint_nart.serving.trained_model import TrainedModel
    from t2t_hint_nart.training.run import Run


@dataclass(frozen=True)
class NamedModel:
    """A model that can be loaded.

    Attributes:
        name: registered model name.
        hparams: set, then hparams.json of the run, then --hparams.
        problem: that it was trained on.
        data_dir: of the vocabulary.
        checkpoint: a checkpoint, or a directory whose newest is taken.
    """

    name: str
    hparams: HParams
    problem: Any
    data_dir: str
    checkpoint: str

    @property
    def directory(self) -> Path:
        """The directory of the checkpoint."""
        path = Path(self.checkpoint)
        return path if path.is_dir() else path.parent

    def run(self, output_dir: str, **facts: Any) -> "Run":
        """What is trained or evaluated, with further facts of a `training.run.Run`."""
        from t2t_hint_nart.training.run import Run

        return Run(self.name, self.hparams, self.problem, self.data_dir, output_dir, **facts)

    def load(self, checkpoint: str | None = None) -> "TrainedModel":
        """Build the model and read its weights, or those of another of its checkpoints.

        Raises:
            InputError: no checkpoint or vocabulary, a damaged one, or one that doesn't fit.
        """
        from t2t_hint_nart.serving.trained_model import load_trained

        return load_trained(
            self.name, self.hparams, self.problem, self.data_dir, checkpoint or self.checkpoint
        )

    def load_each(self, checkpoints: Iterable[str]) -> "Iterator[tuple[str, TrainedModel]]":
        """Yield checkpoints and the model, built once, with the weights of each in turn.

        Raises:
            InputError: as of `load`.
        """
        from t2t_hint_nart.training.checkpoints import restore_model

        trained = None
        for path in checkpoints:
            if trained is None:
                trained = self.load(path)
            else:
                step = restore_model(trained.model, path, trained.identity)
                trained = replace(trained, step=step)
            yield path, trained


def named_model(values: flags.FlagValues, *alternatives: str) -> NamedModel:
    """Return the model that the flags name.

    Args:
        values: with --model, --hparams_set, --hparams, --problem, --data_dir, --output_dir and
            --checkpoint_path.
        *alternatives: flags that could have been given instead, for the message.

    Raises:
        InputError: a missing flag, or a name or value that isn't known.
    """
    require(values, "model", "hparams_set", "problem", "data_dir")
    checkpoint = values.checkpoint_path or values.output_dir
    if not checkpoint:
        first, *others = [*alternatives, "output_dir", "checkpoint_path"]
        rest = ", or ".join(f"--{name}" for name in others)
        raise InputError(f"Missing --{first} (or {rest}).")
    run_dir = values.output_dir or str(Path(values.checkpoint_path).parent)
    return model_of_run(values, run_dir, checkpoint)


def to_stderr(line: str) -> None:
    """Tell something that isn't a command's result."""
    print(line, file=sys.stderr, flush=True)


def model_of_run(
    values: flags.FlagValues,
    run_dir: str,
    checkpoint: str = "",
    say: Callable[[str], None] = to_stderr,
) -> NamedModel:
    """Return the model that --model, --hparams_set, --hparams and --problem name.

    Args:
        values: with these flags and --data_dir.
        run_dir: of hparams.json, and of checkpoints if none is given.
        checkpoint: a checkpoint, or a directory whose newest is taken.
        say: told of every value that hparams.json changed.

    Raises:
        InputError: a name or value that isn't known.
    """
    from t2t_hint_nart import registry
    from t2t_hint_nart.output_dir import create_hparams

    problem = registry.problem(values.problem)
    registry.check_model(values.model)
    hparams = create_hparams(values.hparams_set, values.hparams, run_dir, say)
    return NamedModel(values.model, hparams, problem, values.data_dir, checkpoint or run_dir)


def decoder_command(values: flags.FlagValues, output_dir: str) -> str:
    """Return the command line that translates what is typed with the model that flags name."""
    return printed_command(
        "t2t-decoder",
        model=values.model,
        hparams_set=values.hparams_set,
        problem=values.problem,
        data_dir=values.data_dir,
        output_dir=output_dir,
        decode_interactive=True,
    )
