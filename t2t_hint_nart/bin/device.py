"""What flags say about where TensorFlow computes, told to it before it starts.

In: --worker_gpu, --inter_op_parallelism_threads and --intra_op_parallelism_threads. Out:
environment variables, which TensorFlow reads when it starts; must not import it.
"""

import os

from absl import flags

# How many threads TensorFlow has to run operations beside each other, and for each of them.
_THREADS = {
    "inter_op_parallelism_threads": "TF_NUM_INTEROP_THREADS",
    "intra_op_parallelism_threads": "TF_NUM_INTRAOP_THREADS",
}
_GPUS = "CUDA_VISIBLE_DEVICES"
_NO_GPU = "-1"


def choose_device(values: flags.FlagValues) -> None:
    """Tell TensorFlow what the flags say, where a command has them; 0 threads leave it as it is."""
    for name, variable in _THREADS.items():
        if name in values and values[name].value:
            os.environ[variable] = str(values[name].value)
    if "worker_gpu" in values and not values.worker_gpu:
        os.environ[_GPUS] = _NO_GPU
