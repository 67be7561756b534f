"""Flags of tensor2tensor that have no meaning here: known, so that what they ask is answered.

Their defaults are accepted, so that T2T's own command lines run; another value is refused with the
reason. Must not import TensorFlow.
"""

from t2t_hint_nart.bin import flag

_ONE_DEVICE = "a command runs on one device, the first GPU if there is one"
_NO_CLUSTER = "training runs in one process, without parameter servers"
_NO_TPU = "there is no support for TPUs"
_NO_CLOUD = "nothing is run in the cloud"
_XLA = "TensorFlow's XLA flags are in TF_XLA_FLAGS"
_THREADS = "TensorFlow reads TF_NUM_INTEROP_THREADS and TF_NUM_INTRAOP_THREADS"
_GRAPH_ONLY = "a tool for the graphs of TensorFlow 1"
_OWN_COMMAND = "export with t2t-exporter --export_dir"

# Those of T2T's utils/flags.py that say where a graph runs: every command that works with a model
# has them.
define_device_flags = flag.group(
    worker_gpu=flag.refused(1, _ONE_DEVICE),
    worker_gpu_memory_fraction=flag.refused(0.95, "TensorFlow 2 takes memory as it needs it"),
    gpu_order=flag.refused("", "choose a device with CUDA_VISIBLE_DEVICES"),
    sync=flag.refused(False, _NO_CLUSTER),
    ps_replicas=flag.refused(0, _NO_CLUSTER),
    ps_gpu=flag.refused(0, _NO_CLUSTER),
    ps_job=flag.refused("/job:ps", _NO_CLUSTER),
    worker_replicas=flag.refused(1, _NO_CLUSTER),
    worker_job=flag.refused("/job:localhost", _NO_CLUSTER),
    master=flag.refused("", _NO_CLUSTER),
    log_device_placement=flag.refused(False, _GRAPH_ONLY),
    use_tpu=flag.refused(False, _NO_TPU),
)
# Those of t2t-trainer alone.
define_trainer_only_flags = flag.group(
    worker_id=flag.refused(0, _NO_CLUSTER),
    std_server_protocol=flag.refused("grpc", _NO_CLUSTER),
    optionally_use_dist_strat=flag.refused(False, _ONE_DEVICE),
    locally_shard_to_cpu=flag.refused(False, _ONE_DEVICE),
    daisy_chain_variables=flag.refused(True, _ONE_DEVICE),
    xla_compile=flag.refused(False, _XLA),
    xla_jit_level=flag.refused(-1, _XLA),
    inter_op_parallelism_threads=flag.refused(0, _THREADS),
    intra_op_parallelism_threads=flag.refused(0, _THREADS),
    gpu_automatic_mixed_precision=flag.refused(False, "networks compute in float32"),
    tfdbg=flag.refused(False, _GRAPH_ONLY),
    dbgprofile=flag.refused(False, _GRAPH_ONLY),
    profile=flag.refused(False, _GRAPH_ONLY),
    enable_graph_rewriter=flag.refused(False, _GRAPH_ONLY),
    experimental_optimize_placement=flag.refused(False, _GRAPH_ONLY),
    use_guarantee_const_getter=flag.refused(False, _NO_TPU),
    use_tpu_estimator=flag.refused(False, _NO_TPU),
    tpu_num_shards=flag.refused(8, _NO_TPU),
    tpu_job_name=flag.refused(None, _NO_TPU),
    tpu_infeed_sleep_secs=flag.refused(None, _NO_TPU),
    iterations_per_loop=flag.refused(100, _NO_TPU),
    cloud_tpu_name=flag.refused(None, _NO_CLOUD),
    cloud_mlengine=flag.refused(False, _NO_CLOUD),
    cloud_mlengine_master_type=flag.refused(None, _NO_CLOUD),
    export_saved_model=flag.refused(False, _OWN_COMMAND),
    export_saved_model_api_version=flag.refused(1, _OWN_COMMAND),
    autotune_parallel_trials=flag.refused(1, "trials run one after the other on one device"),
)
