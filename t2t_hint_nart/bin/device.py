"""What flags say about where and on how many threads TensorFlow computes, told before it starts.

In: --worker_gpu, --inter_op_parallelism_threads and --intra_op_parallelism_threads. Out:
environment variables, which TensorFlow reads when it starts; must not import it.
"""

import os

from absl import flags

from t2t_hint_nart.process.threads import use_threads

_GPUS = "CUDA_VISIBLE_DEVICES"
_NO_GPU = "-1"


def choose_device(values: flags.FlagValues) -> None:
    """Tell TensorFlow what the flags say, where a command has them; 0 threads leave it as it is."""
    if "intra_op_parallelism_threads" in values:
        use_threads(values.intra_op_parallelism_threads, values.inter_op_parallelism_threads)
    if "worker_gpu" in values and not values.worker_gpu:
        os.environ[_GPUS] = _NO_GPU
