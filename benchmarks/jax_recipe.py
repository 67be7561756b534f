"""A recipe of t2t-reproduce whose models are trained elsewhere, by jax_training.py.

Data, exports, distillation, translations and the report are made here as ever. Given again, it goes
on: to the end, or to the next model whose weights aren't there yet, for which it packs the data.

    python benchmarks/jax_recipe.py --recipe=multi30k_paper --output_dir=runs/gpu/seed1

The command that it prints is for the machine with the GPU; what that writes goes into
<output_dir>/weights, and then this goes on.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import parse_json
from t2t_hint_nart.reproduce.execution import averaged
from t2t_hint_nart.reproduce.pipeline import Pipeline
from t2t_hint_nart.reproduce.recipe import find_recipe
from t2t_hint_nart.training.averaging import write_model_values
from t2t_hint_nart.training.run import with_measured


class WeightsMissingError(InputError):
    """The next model isn't trained yet."""


class TrainedElsewhere(Pipeline):
    """A pipeline that reads weights where another would train."""

    def _train(self, system):
        path = self.weights_dir / f"{system.name}.npz"
        if not path.exists():
            raise WeightsMissingError(system.name)
        stored = np.load(path)
        history = parse_json(str(stored["history"]), dict, f"{path}'s history")
        values = {name: stored[name] for name in stored.files if name != "history"}
        run = self.run_of(system)
        write_model_values(values, averaged(run), history["steps"])
        hparams = with_measured(run).hparams
        return {"length_bias": hparams.get("length_bias"), "trained": history}

    @property
    def weights_dir(self):
        """Where <system>.npz are."""
        return self.output_dir / "weights"

    def settings(self):
        """With what the other machine said about the training."""
        settings = super().settings()
        settings[""]["trained_by"] = "benchmarks/jax_training.py"
        for path in sorted(self.weights_dir.glob("*.npz")):
            history = parse_json(str(np.load(path)["history"]), dict, f"{path}'s history")
            told = {key: history[key] for key in history if key != "log"}
            settings[path.stem]["training"] = told
        return settings

    def pack(self):
        """Write the ids of the training data, real and, once there is some, distilled."""
        encoders = self.problem.get_feature_encoders(self.data_dir)
        facts = {
            "recipe": self.recipe.name,
            "vocab_size": encoders["targets"].vocab_size,
            "source_vocab_size": encoders["inputs"].vocab_size,
            "target_space_id": int(self.problem.space_ids["targets"]),
        }
        arrays = {"facts": json.dumps(facts)}
        for data, problem in (("real", self.problem), ("distilled", self.distilled)):
            try:
                files = problem.shard_files(self.data_dir, DatasetSplit.TRAIN)
            except InputError:
                continue  # Not distilled yet.
            pairs = [pair for file in files for pair in read_shard(file)]
            features = problem.features(DatasetSplit.TRAIN)
            for side, feature in zip(("inputs", "targets"), features, strict=True):
                rows = [np.array(pair[feature], np.int32) for pair in pairs]
                arrays[f"{data}/{side}/ids"] = np.concatenate(rows)
                arrays[f"{data}/{side}/ends"] = np.cumsum([len(row) for row in rows])
        path = self.output_dir / "packed.npz"
        np.savez_compressed(path, **arrays)
        return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--output_dir", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tmp_dir", help="of downloads; in --output_dir by default")
    parser.add_argument("--teacher_from", help="output_dir of a finished experiment")
    arguments = parser.parse_args()
    registry.load_plugins()
    recipe = find_recipe(arguments.recipe)
    command = (
        f"python benchmarks/jax_recipe.py --recipe={recipe.name} "
        f"--output_dir={arguments.output_dir} --seed={arguments.seed}"
    )
    if arguments.teacher_from:
        command += f" --teacher_from={arguments.teacher_from}"
    pipeline = TrainedElsewhere(
        recipe,
        arguments.output_dir,
        command,
        arguments.seed,
        arguments.tmp_dir,
        arguments.teacher_from,
    )
    try:
        finished = pipeline.run()
    except WeightsMissingError as missing:
        # What the others wait for comes alone, then all others at once.
        others = [system.name for system in recipe.systems if system.name != recipe.distilled_by]
        systems = [str(missing)] if str(missing) == recipe.distilled_by else others
        shared_dir = Path(arguments.teacher_from or pipeline.output_dir)
        print(
            "Next, on the machine with the GPU:\n  KERAS_BACKEND=jax python "
            f"benchmarks/jax_training.py --packed={pipeline.pack()} "
            f"--weights={pipeline.weights_dir} --systems={','.join(systems)} "
            f"--given={shared_dir}/weights "
            f"--seed={arguments.seed}"
        )
        return
    print(f"Report: {finished.report}\n\n{finished.summary}")


if __name__ == "__main__":
    main()
