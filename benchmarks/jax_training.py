"""Train the models of a recipe with Keras's JAX backend: for a GPU without TensorFlow.

Networks, hints, objective, schedule, sets and batch shapes are the library's; the loop and the
shuffle are this file's, so its numbers are labelled as such. What it reads and what becomes of its
weights: `benchmarks/jax_recipe.py`.

    KERAS_BACKEND=jax python benchmarks/jax_training.py --packed=packed.npz --weights=weights \
        --systems=student_nll,student_align_hid --seed=1

It needs keras, jax, numpy and absl-py, and the library on the path, as `python setup.py build_py
--build-lib=lib` and PYTHONPATH=lib put it there.
"""

import argparse
import json
import time
from pathlib import Path

import jax
import keras
import numpy as np
from jax import numpy as jnp

from t2t_hint_nart import registry
from t2t_hint_nart.data.bucket_table import bucket_table_from_hparams
from t2t_hint_nart.files.json_file import parse_json
from t2t_hint_nart.losses.term import weighted_sum
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.output_dir import create_hparams
from t2t_hint_nart.reproduce.recipe import find_recipe
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.optimizer import make_optimizer

HINT_WEIGHTS = ("hint_hidden_weight", "hint_align_weight")
# Steps between lines of progress.
LOG_STEPS = 200
# Compiled updates: students that differ in the weights of their hints alone share one.
_COMPILED = {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--packed", type=Path, required=True, help="from jax_recipe.py")
    parser.add_argument("--weights", type=Path, required=True, help="directory of <system>.npz")
    parser.add_argument("--systems", required=True, help="of the recipe, with commas")
    parser.add_argument(
        "--given", type=Path, help="directory of the systems they learn from; --weights by default"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0, help="in place of the recipe's")
    parser.add_argument("--hparams", default="", help="further overrides of the sets")
    arguments = parser.parse_args()
    registry.load_plugins()
    packed = dict(np.load(arguments.packed))
    facts = parse_json(str(packed["facts"]), dict, f"{arguments.packed}'s facts")
    recipe = find_recipe(facts["recipe"])
    for name in arguments.systems.split(","):
        trainer = Trainer(recipe, facts, recipe.system(name), arguments)
        values, history = trainer.train(packed)
        arguments.weights.mkdir(parents=True, exist_ok=True)
        path = arguments.weights / f"{name}.npz"
        np.savez(path, history=json.dumps(history), **values)
        print(f"{name}: {path}, {history['seconds']:.0f} s on {history['device']}", flush=True)


class Trainer:
    """One system of a recipe: its network, its teacher if it takes hints, and the update."""

    def __init__(self, recipe, facts, system, arguments):
        self.system, self.seed = system, arguments.seed
        self.steps = arguments.steps or system.steps
        self.average = recipe.average
        self.every = max(min(system.checkpoint_steps, self.steps // self.average), 1)
        self.overrides = ",".join(part for part in (system.hparams, arguments.hparams) if part)
        self.hparams = create_hparams(system.hparams_set, self.overrides)
        sizes = {key: facts[key] for key in ("source_vocab_size", "target_space_id")}
        keras.utils.set_random_seed(self.seed)
        self.network = registry.model(system.model)(self.hparams, facts["vocab_size"], **sizes)
        criterion = registry.criterion(registry.criterion_of(system.model))
        self.objective = Objective(self.hparams, criterion)
        self.teacher, self.asked = None, {}
        given = arguments.given or arguments.weights
        if system.hints_from:
            teacher = recipe.system(system.hints_from)
            overrides = ",".join(part for part in (teacher.hparams, arguments.hparams) if part)
            hparams = create_hparams(teacher.hparams_set, overrides)
            self.teacher = registry.model(teacher.model)(hparams, facts["vocab_size"], **sizes)
            assign(self.teacher, np.load(given / f"{teacher.name}.npz"), all_of_them=True)
            self.asked = {"probes": self.objective.probes()}
        if system.warm_start_from:
            stored = np.load(given / f"{system.warm_start_from}.npz")
            assign(self.network, stored, all_of_them=False)
        self.optimizer = make_optimizer(self.hparams)
        self.optimizer.build(self.network.trainable_variables)

    def compiled(self):
        """The update of a network and sets like these, compiled once for each shape of batch."""
        same = {k: v for k, v in self.hparams.values().items() if k not in HINT_WEIGHTS}
        kind = (type(self.network), self.teacher is None, json.dumps(same))
        if kind not in _COMPILED:
            _COMPILED[kind] = jax.jit(self.update, donate_argnums=0)
        return _COMPILED[kind]

    def loss(self, trainable, others, weights, hints, inputs, targets):
        """The objective, the network's other variables, and every unweighted term."""
        output, others = self.network.stateless_call(
            trainable, others, inputs, targets, training=True, **self.asked
        )
        losses = self.objective(output, inputs, targets, hints)
        total = weighted_sum(losses.terms, weights)
        terms = {**losses.terms, **losses.diagnostics}
        return total, (others, {name: term.mean() for name, term in terms.items()})

    def update(self, state, weights, teacher, inputs, targets):
        """One step: the teacher's hints, outside of the derivative, and Adam."""
        trainable, others, slots = state
        hints = None
        if self.teacher is not None:
            hints, _ = self.teacher.stateless_call(
                *teacher, inputs, targets, training=False, **self.asked
            )
        derivative = jax.value_and_grad(self.loss, has_aux=True)
        (_, (others, terms)), gradients = derivative(
            trainable, others, weights, hints, inputs, targets
        )
        trainable, slots = self.optimizer.stateless_apply(slots, gradients, trainable)
        return (trainable, others, slots), terms

    def train(self, packed):
        """Train; returns the mean of the last snapshots by variable name, and what happened."""
        network, teacher = self.network, self.teacher
        update, weights = self.compiled(), self.objective.weights
        state = tuple(
            [variable.value for variable in group]
            for group in (
                network.trainable_variables,
                network.non_trainable_variables,
                self.optimizer.variables,
            )
        )
        frozen = None
        if teacher is not None:
            groups = (teacher.trainable_variables, teacher.non_trainable_variables)
            frozen = tuple([variable.value for variable in group] for group in groups)
        snapshots, log, started = [], [], time.monotonic()
        data = "distilled" if self.system.distilled else "real"
        stream = batches(sentences(packed, data), self.hparams, self.seed)
        for step, (inputs, targets) in zip(range(1, self.steps + 1), stream, strict=False):
            state, terms = update(state, weights, frozen, inputs, targets)
            if step % self.every == 0 and step > self.steps - self.every * self.average:
                snapshots.append([np.asarray(value, np.float64) for value in state[0]])
            if step % LOG_STEPS == 0 or step == self.steps:
                log.append({"step": step, **{name: float(v) for name, v in terms.items()}})
                seconds = time.monotonic() - started
                print(f"{self.system.name} {seconds:.0f} s {json.dumps(log[-1])}", flush=True)
        means = [np.mean(copies, axis=0) for copies in zip(*snapshots, strict=True)]
        place = {id(v): i for i, v in enumerate(network.trainable_variables)}
        values = {
            name: means[place[id(variable)]].astype(np.float32)
            for name, variable in named_variables(network).items()
        }
        history = {
            "seed": self.seed,
            "steps": self.steps,
            "overrides": self.overrides,
            "seconds": time.monotonic() - started,
            "device": jax.devices()[0].device_kind,
            "versions": {"jax": jax.__version__, "keras": keras.__version__},
            "log": log,
        }
        return values, history


def assign(network, stored, all_of_them):
    """Set the variables that are stored under the same name in the same shape."""
    for name, variable in named_variables(network).items():
        if name in stored and stored[name].shape == tuple(variable.shape):
            variable.assign(stored[name])
        elif all_of_them:
            raise SystemExit(f"{name} isn't among the teacher's weights")


def sentences(packed, data):
    """Pairs of ids, EOS last, out of what jax_recipe.py packed."""
    sides = []
    for side in ("inputs", "targets"):
        ends = packed[f"{data}/{side}/ends"]
        sides.append(np.split(packed[f"{data}/{side}/ids"], ends[:-1]))
    return list(zip(*sides, strict=True))


def batches(pairs, hparams, seed):
    """Endless shuffled batches in the shapes of the set's bucket table; no sentence is left out."""
    table = bucket_table_from_hparams(hparams)
    random = np.random.default_rng(seed)
    waiting = [[] for _ in table.batch_sizes]
    while True:
        for index in random.permutation(len(pairs)):
            longest = max(len(side) for side in pairs[index])
            if longest > table.max_length:
                continue
            bucket = table.bucket(longest)
            waiting[bucket].append(pairs[index])
            size, length = table.shapes[bucket]
            if len(waiting[bucket]) == size:
                yield tuple(
                    jnp.asarray(padded(side, length)) for side in zip(*waiting[bucket], strict=True)
                )
                waiting[bucket] = []


def padded(rows, length):
    """PAD 0 behind every row: int32[B, length]."""
    block = np.zeros([len(rows), length], np.int32)
    for line, row in zip(block, rows, strict=True):
        line[: len(row)] = row
    return block


if __name__ == "__main__":
    main()
