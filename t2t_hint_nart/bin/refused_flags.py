"""Flags of tensor2tensor that have no meaning here: known, so that what they ask is answered.

Their defaults are accepted, so that T2T's own command lines run; another value is refused with the
reason. Must not import TensorFlow.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from absl import flags

from t2t_hint_nart.errors import InputError

_ONE_DEVICE = "training runs on one device, the first GPU if there is one"
_NO_CLUSTER = "training runs in one process, without parameter servers"
_OWN_COMMAND = "export with t2t-exporter --export_dir"


class RefusedFlag(NamedTuple):
    """A flag of T2T: its default there, and why no other value is accepted."""

    name: str
    default: Any
    reason: str


REFUSED = (
    RefusedFlag("worker_gpu", 1, _ONE_DEVICE),
    RefusedFlag("worker_gpu_memory_fraction", 0.95, "TensorFlow 2 takes memory as it needs it"),
    RefusedFlag("gpu_order", "", "choose a device with CUDA_VISIBLE_DEVICES"),
    RefusedFlag("sync", False, _NO_CLUSTER),
    RefusedFlag("ps_replicas", 0, _NO_CLUSTER),
    RefusedFlag("ps_gpu", 0, _NO_CLUSTER),
    RefusedFlag("worker_id", 0, _NO_CLUSTER),
    RefusedFlag("worker_replicas", 1, _NO_CLUSTER),
    RefusedFlag("master", "", _NO_CLUSTER),
    RefusedFlag("optionally_use_dist_strat", False, _ONE_DEVICE),
    RefusedFlag("xla_compile", False, "TensorFlow's XLA flags are in TF_XLA_FLAGS"),
    RefusedFlag("xla_jit_level", -1, "TensorFlow's XLA flags are in TF_XLA_FLAGS"),
    RefusedFlag("gpu_automatic_mixed_precision", False, "networks compute in float32"),
    RefusedFlag("export_saved_model", False, _OWN_COMMAND),
    RefusedFlag("decode_interactive", False, "translate what is typed with t2t-decoder"),
    RefusedFlag("decode_shards", 1, "decode parts of a file with t2t-decoder"),
    RefusedFlag("autotune_parallel_trials", 1, "trials run one after the other on one device"),
)
_DEFINE: dict[type, Callable[..., Any]] = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}


def define_refused_flags(values: flags.FlagValues) -> None:
    """Define the flags of REFUSED with T2T's defaults."""
    for flag in REFUSED:
        text = f"T2T's; only its default is accepted: {flag.reason}."
        _DEFINE[type(flag.default)](flag.name, flag.default, text, flag_values=values)


def check_refused_flags(values: flags.FlagValues) -> None:
    """Refuse the first flag of REFUSED that has another value than its default.

    Raises:
        InputError: with the reason.
    """
    for flag in REFUSED:
        value = values[flag.name].value
        if value != flag.default:
            raise InputError(
                f"--{flag.name}={value} isn't supported, only {flag.default!r}: {flag.reason}."
            )
