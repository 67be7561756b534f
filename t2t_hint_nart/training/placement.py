"""Where a training step runs: on one device, or on replicas, each with its share of every batch.

What a replica knows of a batch are sums; `add` makes those of all replicas out of them, before
anything is divided. A step so has the loss and the gradients of the whole batch, however many
replicas there are.
"""

import contextlib
import functools
import types
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.layers.replicas import layers_of

Batch = dict[str, tf.Tensor]
StepFunction = Callable[[Batch], dict[str, tf.Tensor]]

# Between the seeds of two replicas; large, so that none is another generator's.
_SEEDS_APART = 0x9E3779B1
_SEEDS = 2**31


class Placement:
    """One device, the first GPU or the CPU; what is the same for several, and how it differs there.

    Attributes:
        replicas: how many there are, in all processes.
        process: the number of this process, 0 for the chief, who alone writes and tells anything.
        processes: how many there are.
    """

    replicas = 1
    process = 0
    processes = 1

    @property
    def is_chief(self) -> bool:
        """Whether this process writes checkpoints, evaluates and tells what happens."""
        return self.process == 0

    def scope(self) -> AbstractContextManager[None]:
        """Where the variables of model, optimizer and teacher are made."""
        return contextlib.nullcontext()

    def on_each(self, step: StepFunction) -> StepFunction:
        """Return a function that runs a step on each replica, with its rows of this process's."""
        return step

    def add(self, values: Any) -> Any:
        """Inside of a step: the sums over all replicas of a structure of tensors, None left out."""
        return values

    def apply(
        self,
        optimizer: keras.optimizers.Optimizer,
        gradients: Sequence[tf.Tensor | None],
        variables: Sequence[keras.Variable],
    ) -> None:
        """Inside of a step: update all replicas' variables alike, by gradients of all replicas."""
        optimizer.apply(gradients, variables)

    def separate(self, seeds: Sequence[tf.Variable]) -> None:
        """Let replicas draw different numbers from generators whose states are alike, int[2].

        The first replica's stay as they are: it draws what one device would.
        """

    def agree(self, flag: bool) -> bool:
        """Return the chief's flag to every process; each must ask."""
        return flag

    def check_same(self, step: int) -> None:
        """Refuse to train where processes went to different checkpoints; each must ask.

        Raises:
            InputError: they did.
        """


class Replicas(Placement):
    """Several devices, of this machine or of several ones, as a tf.distribute.Strategy has them.

    Trained variables are mirrored: each replica computes the same update. What else a model keeps,
    as the states of its generators of random numbers, each replica has for itself; a checkpoint
    has the first one's. So it has the same variables as one of one device.

    Args:
        strategy: MirroredStrategy or MultiWorkerMirroredStrategy.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        self._strategy = strategy
        self.replicas = strategy.num_replicas_in_sync
        resolver = strategy.cluster_resolver
        cluster = resolver.cluster_spec().as_dict() if resolver else {}
        self._has_peers = bool(cluster)
        if self._has_peers:
            # A chief, if it is called that, comes before the workers.
            tasks = [(job, i) for job in sorted(cluster) for i in range(len(cluster[job]))]
            self.processes = len(tasks)
            self.process = tasks.index((resolver.task_type, resolver.task_id))
        self._here = self.replicas // self.processes

    @contextlib.contextmanager
    def scope(self):
        """As `Placement.scope`."""
        made_for = layers_of(self.replicas)
        with made_for, self._strategy.scope(), tf.variable_creator_scope(_each_for_itself):
            yield

    def on_each(self, step: StepFunction) -> StepFunction:
        """As `Placement.on_each`."""

        def run(batch: Batch) -> dict[str, tf.Tensor]:
            results = self._strategy.run(lambda: step(self._rows(batch)))
            # Sums of all replicas: alike on each.
            return {name: self._local(value)[0] for name, value in results.items()}

        return run

    def _local(self, value: Any) -> Any:
        return self._strategy.experimental_local_results(value)

    def _rows(self, batch: Batch) -> Batch:
        """This replica's rows of those of its process."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        here = replica - self.process * self._here
        size = tf.shape(batch["targets"])[0] // self._here
        return {name: ids[here * size : (here + 1) * size] for name, ids in batch.items()}

    def add(self, values: Any) -> Any:
        """As `Placement.add`."""
        flat = tf.nest.flatten(values)
        some = [value for value in flat if value is not None]
        context = tf.distribute.get_replica_context()
        sums = iter(context.all_reduce(tf.distribute.ReduceOp.SUM, some))
        added = [value if value is None else next(sums) for value in flat]
        return tf.nest.pack_sequence_as(values, added)

    def apply(
        self,
        optimizer: keras.optimizers.Optimizer,
        gradients: Sequence[tf.Tensor | None],
        variables: Sequence[keras.Variable],
    ) -> None:
        """As `Placement.apply`.

        Keras would clip a replica's own gradients, add up what is left of them, and couldn't
        accumulate. Here each replica runs the optimizer of one device on the sums.
        """
        _update_alone(optimizer)

        def update(strategy, gradients):
            strategy.extended.update(
                variables[0].value,
                lambda _, own: optimizer.apply(own, variables),
                args=(gradients,),
                group=False,
            )

        tf.distribute.get_replica_context().merge_call(update, args=(list(gradients),))

    def separate(self, seeds: Sequence[tf.Variable]) -> None:
        """As `Placement.separate`."""
        first = self.process * self._here
        for seed in seeds:
            for replica, own in enumerate(self._local(seed), first):
                own.assign([(own[0] + replica * _SEEDS_APART) % _SEEDS, own[1]])

    def agree(self, flag: bool) -> bool:
        """As `Placement.agree`."""
        if not self._has_peers:
            return flag
        return bool(self._sum([float(flag and self.is_chief)])[0])

    def check_same(self, step: int) -> None:
        """As `Placement.check_same`."""
        if not self._has_peers:
            return
        total, squares = self._sum([float(step), float(step) ** 2])
        if total**2 != squares * self.replicas:
            raise InputError(
                f"Process {self.process} is at step {step}, others aren't: --output_dir must be "
                "one directory that all machines see."
            )

    def _sum(self, numbers: list[float]) -> list[float]:
        """Add up numbers that each process knows, once for each replica."""
        values = self._strategy.experimental_distribute_values_from_function(
            lambda _: tf.constant(numbers, tf.float64)
        )
        return [float(v) for v in self._strategy.reduce("SUM", values, axis=None)]


def _each_for_itself(make: Callable[..., tf.Variable], **keywords: Any) -> tf.Variable:
    """Make a variable that isn't trained, and that nobody said how to reduce, for each replica."""
    unsaid = keywords.get("aggregation") in (None, tf.VariableAggregation.NONE)
    if unsaid and not keywords.get("trainable", True):
        keywords["synchronization"] = tf.VariableSynchronization.ON_READ
        keywords["aggregation"] = tf.VariableAggregation.ONLY_FIRST_REPLICA
    return make(**keywords)


def _update_alone(optimizer: keras.optimizers.Optimizer) -> None:
    """Give an optimizer Keras's methods of one device, in place of its TensorFlow backend's."""
    alone = keras.optimizers.Optimizer.__bases__[-1]
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer._tf_apply = optimizer._common_apply
        _update_alone(optimizer.inner_optimizer)
    for name in ("_backend_update_step", "_backend_increment_gradient_accumulators"):
        setattr(optimizer, name, types.MethodType(getattr(alone, name), optimizer))


# Once: sums of another strategy on the same devices would be taken for those of the first.
@functools.cache
def place(devices: int, has_peers: bool = False) -> Placement:
    """Return where to train; to be called before TensorFlow computes anything if there are peers.

    Args:
        devices: of this machine, T2T's --worker_gpu; GPUs, or CPUs where there is no GPU.
        has_peers: whether the environment's TF_CONFIG names further processes.

    Raises:
        InputError: there are fewer devices.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if has_peers:
        # Each process has all GPUs that it sees.
        tf.config.set_visible_devices(gpus[: _at_most(devices, gpus)], "GPU")
        return Replicas(tf.distribute.MultiWorkerMirroredStrategy())
    if devices < 2:
        return Placement()
    kind = "GPU" if gpus else "CPU"
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    return Replicas(tf.distribute.MirroredStrategy(names[: _at_most(devices, names)]))


def _at_most(devices: int, there: Sequence[Any]) -> int:
    if devices > max(len(there), 1):
        raise InputError(
            f"--worker_gpu={devices}: TensorFlow sees {len(there)} of such devices here; "
            "CUDA_VISIBLE_DEVICES says which it may see."
        )
    return devices
