"""Flags by their kind, groups of them, and those that several commands share.

    define_flags = group(
        export_dir=path(None, "SavedModel written by t2t-exporter."),
        timeout_secs=count(10, "Longest time to wait for an answer."),
    )

Names and defaults are T2T's; where its versions differ, those of 1.15, which today's users know.
Must not import TensorFlow.
"""

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags

from t2t_hint_nart.errors import InputError

# What the help of a flag begins with that says nothing more than that T2T has it.
DEFAULT_ONLY = "T2T's; only its default is accepted: "
# And that of one which makes no difference here.
WITHOUT_EFFECT = "T2T's; accepted without effect: "
_DEFINE: dict[type, Callable[..., Any]] = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
    type(None): flags.DEFINE_string,
}
# Defines a flag under a name.
Definition = Callable[[str, flags.FlagValues], object]


class PathParser(flags.ArgumentParser[str]):
    """Expands ~ and ~name at the beginning of a path, as T2T does: shells leave --data_dir=~/data.

    Example:
        >>> PathParser().parse("runs/~x")
        'runs/~x'
    """

    def parse(self, argument: str) -> str:
        """Return the path; as it is if there is no such user."""
        if not argument.startswith("~"):
            return argument
        try:
            return str(Path(argument).expanduser())
        except RuntimeError:
            return argument

    def flag_type(self) -> str:
        """Return what kind of value the flag has."""
        return "string"


def _define_path(name: str, default: str | None, help: str, flag_values: flags.FlagValues) -> None:
    """Define a flag whose value is the path of a file or directory."""
    serializer: flags.ArgumentSerializer[str] = flags.ArgumentSerializer()
    flags.DEFINE(PathParser(), name, default, help, flag_values=flag_values, serializer=serializer)


def _define_count(
    name: str, default: int | None, help: str, flag_values: flags.FlagValues, least: int = 1
) -> None:
    """Define a flag whose value is a number, `least` or more; refused when flags are parsed."""

    def check(given: int | None) -> bool:
        if given is not None and given < least:
            raise InputError(f"--{name} must be at least {least}, not {given}.")
        return True

    flags.DEFINE_integer(name, default, help, flag_values=flag_values)
    flags.register_validator(name, check, flag_values=flag_values)


def _kind(define: Callable[..., object]) -> Callable[..., Definition]:
    """Return what takes the arguments of a DEFINE but for the flag's name."""

    def with_arguments(*arguments: Any, **keywords: Any) -> Definition:
        return lambda name, values: define(name, *arguments, **keywords, flag_values=values)

    return with_arguments


path = _kind(_define_path)
count = _kind(_define_count)
string = _kind(flags.DEFINE_string)
boolean = _kind(flags.DEFINE_bool)
integer = _kind(flags.DEFINE_integer)
number = _kind(flags.DEFINE_float)
choice = _kind(flags.DEFINE_enum)
names = _kind(flags.DEFINE_list)
alias = _kind(flags.DEFINE_alias)


def refused(default: Any, reason: str) -> Definition:
    """Return a flag of T2T with its default there, and why no other value is accepted."""

    def define(name: str, values: flags.FlagValues) -> None:
        def check(given: Any) -> bool:
            if given != default:
                only = "" if default is None else f", only {default!r}"
                raise InputError(f"--{name}={given} isn't supported{only}: {reason}.")
            return True

        text = f"{DEFAULT_ONLY}{reason}."
        _DEFINE[type(default)](name, default, text, flag_values=values)
        flags.register_validator(name, check, flag_values=values)

    return define


def without_effect(default: Any, reason: str) -> Definition:
    """Return a flag of T2T that may have any value, and why none makes a difference."""

    def define(name: str, values: flags.FlagValues) -> None:
        text = f"{WITHOUT_EFFECT}{reason}."
        _DEFINE[type(default)](name, default, text, flag_values=values)

    return define


def _one_gpu(name: str, values: flags.FlagValues) -> None:
    """Define T2T's number of GPUs for what runs on one device."""

    def check(given: int) -> bool:
        if given not in (0, 1):
            raise InputError(f"--{name}={given} isn't supported, only 0 or 1: {_ONE_DEVICE}.")
        return True

    text = "0 computes on the CPU, 1 on the first GPU if there is one."
    flags.DEFINE_integer(name, 1, text, flag_values=values)
    flags.register_validator(name, check, flag_values=values)


def group(**definitions: Definition) -> Callable[[flags.FlagValues], None]:
    """Return what defines flags, each by its name, on the `FlagValues` that it is given."""

    def define(values: flags.FlagValues) -> None:
        for name, definition in definitions.items():
            definition(name, values)

    return define


_USR_DIR = path(
    None,
    "Directory with an __init__.py that imports modules registering your own models, "
    "hparams sets and problems.",
)

_THREADS = {
    "inter_op_parallelism_threads": count(
        0, "Operations that run beside each other; 0: as many as is good.", least=0
    ),
    "intra_op_parallelism_threads": count(
        0, "Threads of one operation, in every runtime; 0: as many as is good.", least=0
    ),
}
# How many threads compute; `command_line.run` says it to the runtimes.
define_thread_flags = group(**_THREADS)

# A user's own directory; `command_line.run` imports it.
define_usr_dir_flag = group(t2t_usr_dir=_USR_DIR)

# T2T's, with the user's number: what another user put there must not become training text.
_PRIVATE = 0o700
_DEFAULT_TMP_DIR = f"/tmp/t2t_datagen-{os.getuid()}"
TMP_DIR = path(_DEFAULT_TMP_DIR, "Directory for downloads and other text that shards are made of.")

# Where data is, and which problem it is for.
define_data_flags = group(
    data_dir=path(None, "Directory of the vocabulary and the shards."),
    tmp_dir=TMP_DIR,
    problem=string(None, "Name of the problem; _rev appended swaps source and target."),
    problems=alias("problem"),
    t2t_usr_dir=_USR_DIR,
)

# Which model with which hyperparameters, and where it is kept.
define_model_flags = group(
    model=string(None, "Name of the model."),
    hparams_set=string(None, "Name of the hyperparameter set."),
    hparams=string(
        "", "Changes to the set, as learning_rate=0.1,num_heads=4; also --hp_num_heads=4."
    ),
    output_dir=path(None, "Directory of checkpoints, hparams.json, flags and summaries."),
    registry_help=boolean(
        False, "Print the registered models, hyperparameter sets and problems, and exit."
    ),
)

# Which checkpoint is read.
define_checkpoint_flags = group(
    checkpoint_path=path(
        None, "Checkpoint to read, as DIR/model.ckpt-1000; the newest in --output_dir by default."
    ),
)

# How to decode.
define_decode_flags = group(
    decode_hparams=string("", "Changes to how it is decoded, as beam_size=4,alpha=0.6."),
)

# Which model, of what and from where, and how it decodes.
MODEL_FLAGS = (define_data_flags, define_model_flags, define_checkpoint_flags, define_decode_flags)


def require(values: flags.FlagValues, *names: str) -> None:
    """Refuse missing flags, all of them in one line.

    Raises:
        InputError: naming them.
    """
    missing = [f"--{name}" for name in names if values[name].value in (None, "")]
    if missing:
        raise InputError(f"Missing {', '.join(missing)}. See --help.")


def unmade_tmp_dir(values: flags.FlagValues) -> str:
    """Return --tmp_dir if it must be made; text that is there may lie where nobody can write."""
    return "" if Path(values.tmp_dir).is_dir() else str(values.tmp_dir)


def made_tmp_dir(values: flags.FlagValues) -> str:
    """Return --tmp_dir; the default is made, for this user alone.

    Raises:
        InputError: the default is a link, or belongs to another user.
    """
    given = str(values.tmp_dir)
    if given != _DEFAULT_TMP_DIR:
        return given
    with contextlib.suppress(FileExistsError):
        Path(given).mkdir(mode=_PRIVATE)
    found = os.lstat(given)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise InputError(
            f"{given}, the default of --tmp_dir, isn't a directory of this user alone: it is a "
            "link, a file or another user's; give --tmp_dir"
        )
    if stat.S_IMODE(found.st_mode) & ~_PRIVATE:
        Path(given).chmod(_PRIVATE)
    return given


_ONE_DEVICE = "only t2t-trainer runs on several devices"
_NO_CLUSTER = "training has no parameter servers, and TF_CONFIG names its workers"
_MIRRORED = "how many devices there are says --worker_gpu, and each has all variables"
_NO_TPU = "there is no support for TPUs"
_NO_CLOUD = "nothing is run in the cloud"
_XLA = "TensorFlow's XLA flags are in TF_XLA_FLAGS"
_PRECISION = "the hyperparameter activation_dtype says it"
_GRAPH_ONLY = "a tool for the graphs of TensorFlow 1"
_OWN_COMMAND = "export with t2t-exporter --export_dir"

# Those of absl, which every command of T2T 1.15 has.
_LOGS = "results are on stdout, all else on stderr"
define_logging_flags = group(
    alsologtostderr=without_effect(False, _LOGS),
    logtostderr=without_effect(False, _LOGS),
    log_dir=without_effect("", _LOGS),
    logger_levels=without_effect("", _LOGS),
    showprefixforinfo=without_effect(True, _LOGS),
    stderrthreshold=without_effect("fatal", _LOGS),
    v=without_effect(-1, _LOGS),
    verbosity=without_effect(-1, _LOGS),
)

# Flags of T2T that have no meaning here: their defaults are accepted, so that T2T's own command
# lines run; another value makes no difference, or is refused with the reason where it would.
#
# Those of T2T's utils/flags.py that say where a graph runs: every command that works with a model
# has them.
_DEVICE = {
    "worker_gpu_memory_fraction": without_effect(0.95, "TensorFlow 2 takes memory as it needs it"),
    **_THREADS,
    "gpu_order": refused("", "choose a device with CUDA_VISIBLE_DEVICES"),
    "sync": refused(False, _NO_CLUSTER),
    "ps_replicas": refused(0, _NO_CLUSTER),
    "ps_gpu": refused(0, _NO_CLUSTER),
    "ps_job": refused("/job:ps", _NO_CLUSTER),
    "worker_replicas": refused(1, _NO_CLUSTER),
    "worker_job": refused("/job:localhost", _NO_CLUSTER),
    "master": refused("", _NO_CLUSTER),
    "log_device_placement": refused(False, _GRAPH_ONLY),
    "use_tpu": refused(False, _NO_TPU),
}
define_device_flags = group(worker_gpu=_one_gpu, **_DEVICE)
# And what trains may do so on several of them.
define_training_device_flags = group(
    worker_gpu=count(
        1,
        "GPUs of this machine to train on, each with batches of batch_size tokens; 0 computes on "
        "the CPU, as 1 does where there is no GPU. Several machines: TF_CONFIG.",
        least=0,
    ),
    **_DEVICE,
)
# Those of t2t-trainer alone.
define_trainer_only_flags = group(
    worker_id=refused(0, _NO_CLUSTER),
    std_server_protocol=refused("grpc", _NO_CLUSTER),
    optionally_use_dist_strat=refused(False, _MIRRORED),
    locally_shard_to_cpu=refused(False, _MIRRORED),
    daisy_chain_variables=refused(True, _MIRRORED),
    xla_compile=refused(False, _XLA),
    xla_jit_level=refused(-1, _XLA),
    gpu_automatic_mixed_precision=refused(False, _PRECISION),
    tfdbg=refused(False, _GRAPH_ONLY),
    dbgprofile=refused(False, _GRAPH_ONLY),
    profile=refused(False, _GRAPH_ONLY),
    enable_graph_rewriter=refused(False, _GRAPH_ONLY),
    experimental_optimize_placement=refused(False, _GRAPH_ONLY),
    use_guarantee_const_getter=refused(False, _NO_TPU),
    use_tpu_estimator=refused(False, _NO_TPU),
    tpu_num_shards=refused(8, _NO_TPU),
    tpu_job_name=refused(None, _NO_TPU),
    tpu_infeed_sleep_secs=refused(None, _NO_TPU),
    iterations_per_loop=refused(100, _NO_TPU),
    cloud_tpu_name=refused(None, _NO_CLOUD),
    cloud_mlengine=refused(False, _NO_CLOUD),
    cloud_mlengine_master_type=refused(None, _NO_CLOUD),
    export_saved_model=refused(False, _OWN_COMMAND),
    export_saved_model_api_version=refused(1, _OWN_COMMAND),
    autotune_parallel_trials=refused(1, "trials run one after the other"),
)
