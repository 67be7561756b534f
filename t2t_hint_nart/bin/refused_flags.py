"""Flags of tensor2tensor that have no meaning here: known, so that what they ask is answered.

Their defaults are accepted, so that T2T's own command lines run; another value is refused with the
reason. Must not import TensorFlow.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from absl import flags

from t2t_hint_nart.bin.command_line import DEFAULT_ONLY
from t2t_hint_nart.errors import InputError

_ONE_DEVICE = "a command runs on one device, the first GPU if there is one"
_NO_CLUSTER = "training runs in one process, without parameter servers"
_NO_TPU = "there is no support for TPUs"
_NO_CLOUD = "nothing is run in the cloud"
_XLA = "TensorFlow's XLA flags are in TF_XLA_FLAGS"
_THREADS = "TensorFlow reads TF_NUM_INTEROP_THREADS and TF_NUM_INTRAOP_THREADS"
_GRAPH_ONLY = "a tool for the graphs of TensorFlow 1"
_OWN_COMMAND = "export with t2t-exporter --export_dir"


class RefusedFlag(NamedTuple):
    """A flag of T2T: its default there, and why no other value is accepted."""

    name: str
    default: Any
    reason: str

    def check(self, value: Any) -> bool:
        """Refuse any value but the default.

        Raises:
            InputError: with the reason.
        """
        if value != self.default:
            only = "" if self.default is None else f", only {self.default!r}"
            raise InputError(f"--{self.name}={value} isn't supported{only}: {self.reason}.")
        return True


# Those of T2T's utils/flags.py that say where a graph runs: every command that works with a model
# has them.
DEVICE_FLAGS = (
    RefusedFlag("worker_gpu", 1, _ONE_DEVICE),
    RefusedFlag("worker_gpu_memory_fraction", 0.95, "TensorFlow 2 takes memory as it needs it"),
    RefusedFlag("gpu_order", "", "choose a device with CUDA_VISIBLE_DEVICES"),
    RefusedFlag("sync", False, _NO_CLUSTER),
    RefusedFlag("ps_replicas", 0, _NO_CLUSTER),
    RefusedFlag("ps_gpu", 0, _NO_CLUSTER),
    RefusedFlag("ps_job", "/job:ps", _NO_CLUSTER),
    RefusedFlag("worker_replicas", 1, _NO_CLUSTER),
    RefusedFlag("worker_job", "/job:localhost", _NO_CLUSTER),
    RefusedFlag("master", "", _NO_CLUSTER),
    RefusedFlag("log_device_placement", False, _GRAPH_ONLY),
    RefusedFlag("use_tpu", False, _NO_TPU),
)
# Those of t2t-trainer alone.
TRAINER_FLAGS = (
    *DEVICE_FLAGS,
    RefusedFlag("worker_id", 0, _NO_CLUSTER),
    RefusedFlag("std_server_protocol", "grpc", _NO_CLUSTER),
    RefusedFlag("optionally_use_dist_strat", False, _ONE_DEVICE),
    RefusedFlag("locally_shard_to_cpu", False, _ONE_DEVICE),
    RefusedFlag("daisy_chain_variables", True, _ONE_DEVICE),
    RefusedFlag("xla_compile", False, _XLA),
    RefusedFlag("xla_jit_level", -1, _XLA),
    RefusedFlag("inter_op_parallelism_threads", 0, _THREADS),
    RefusedFlag("intra_op_parallelism_threads", 0, _THREADS),
    RefusedFlag("gpu_automatic_mixed_precision", False, "networks compute in float32"),
    RefusedFlag("tfdbg", False, _GRAPH_ONLY),
    RefusedFlag("dbgprofile", False, _GRAPH_ONLY),
    RefusedFlag("profile", False, _GRAPH_ONLY),
    RefusedFlag("enable_graph_rewriter", False, _GRAPH_ONLY),
    RefusedFlag("experimental_optimize_placement", False, _GRAPH_ONLY),
    RefusedFlag("use_guarantee_const_getter", False, _NO_TPU),
    RefusedFlag("use_tpu_estimator", False, _NO_TPU),
    RefusedFlag("tpu_num_shards", 8, _NO_TPU),
    RefusedFlag("tpu_job_name", None, _NO_TPU),
    RefusedFlag("tpu_infeed_sleep_secs", None, _NO_TPU),
    RefusedFlag("iterations_per_loop", 100, _NO_TPU),
    RefusedFlag("cloud_tpu_name", None, _NO_CLOUD),
    RefusedFlag("cloud_mlengine", False, _NO_CLOUD),
    RefusedFlag("cloud_mlengine_master_type", None, _NO_CLOUD),
    RefusedFlag("export_saved_model", False, _OWN_COMMAND),
    RefusedFlag("export_saved_model_api_version", 1, _OWN_COMMAND),
    RefusedFlag("autotune_parallel_trials", 1, "trials run one after the other on one device"),
)
_DEFINE: dict[type, Callable[..., Any]] = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
    type(None): flags.DEFINE_string,
}


def refused_flags(refused: Sequence[RefusedFlag]) -> Callable[[flags.FlagValues], None]:
    """Return what defines them with T2T's defaults; other values are refused when parsed."""

    def define(values: flags.FlagValues) -> None:
        for flag in refused:
            text = f"{DEFAULT_ONLY}{flag.reason}."
            _DEFINE[type(flag.default)](flag.name, flag.default, text, flag_values=values)
            flags.register_validator(flag.name, flag.check, flag_values=values)

    return define
