"""Flags of T2T about machines, of which most have no meaning here.

Their defaults are accepted, so that T2T's own command lines run; another value makes no difference,
or is refused with the reason where it would. Must not import TensorFlow.
"""

from absl import flags

from t2t_hint_nart.bin.flag import count, group, refused, without_effect
from t2t_hint_nart.bin.shared_flags import THREADS
from t2t_hint_nart.errors import InputError

_ONE_DEVICE = "only t2t-trainer runs on several devices"
_NO_CLUSTER = "training has no parameter servers, and TF_CONFIG names its workers"
_MIRRORED = "how many devices there are says --worker_gpu, and each has all variables"
_NO_TPU = "there is no support for TPUs"
_NO_CLOUD = "nothing is run in the cloud"
_XLA = "TensorFlow's XLA flags are in TF_XLA_FLAGS"
_PRECISION = "the hyperparameter activation_dtype says it"
_GRAPH_ONLY = "a tool for the graphs of TensorFlow 1"
_OWN_COMMAND = "export with t2t-exporter --export_dir"


def _one_gpu(name: str, values: flags.FlagValues) -> None:
    """Define T2T's number of GPUs for what runs on one device."""

    def check(given: int) -> bool:
        if given not in (0, 1):
            raise InputError(f"--{name}={given} isn't supported, only 0 or 1: {_ONE_DEVICE}.")
        return True

    text = "0 computes on the CPU, 1 on the first GPU if there is one."
    flags.DEFINE_integer(name, 1, text, flag_values=values)
    flags.register_validator(name, check, flag_values=values)


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

# Those of T2T's utils/flags.py that say where a graph runs: every command that works with a model
# has them.
_DEVICE = {
    "worker_gpu_memory_fraction": without_effect(0.95, "TensorFlow 2 takes memory as it needs it"),
    **THREADS,
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
