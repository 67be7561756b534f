"""What was measured, and on what."""

import functools
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from t2t_hint_nart.process.proc_file import CPU_INFO, proc_values

_PACKAGES = ("tensorflow", "keras", "numpy", "ai-edge-litert", "ctranslate2")
_ROOT = Path(__file__).resolve().parents[2]


def about(run):
    """Machine, versions and commit of a run, with the GPUs that TensorFlow sees."""
    return {
        "commit": commit(),
        "cpu": processor(),
        "cores": cores(),
        "load_average": round(os.getloadavg()[0], 2),
        "gpus": run.gpus,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def cores():
    """How many of them this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def compared_clock(facts):
    """What is compared at one thread: CPU time, or with a GPU wall time."""
    return "wall" if facts["gpus"] else "cpu"


def gpus():
    """An engine that returns the names of the GPUs that TensorFlow sees."""

    def call(case):
        import tensorflow as tf

        del case
        devices = tf.config.list_physical_devices("GPU")
        return [tf.config.experimental.get_device_details(d).get("device_name") for d in devices]

    return call


def peers():
    """An engine that returns PyTorch's and JoeyNMT's versions, for another interpreter."""
    return lambda case: {name: _version(name) for name in ("torch", "joeynmt")}


@functools.cache
def commit():
    """The commit, and "+" where files differ from it; "" outside of a repository."""

    def git(*words):
        command = ["git", "-C", str(_ROOT), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return git("rev-parse", "--short=10", "HEAD") + "+" * bool(changed)


def processor():
    """The CPU's name, with its model's numbers where the name is a family's."""
    told = {
        key: values[0]
        for key in ("model name", "cpu family", "model", "stepping")
        if (values := proc_values(CPU_INFO, key))
    }
    if not told:
        return platform.processor() or platform.machine()
    name = told.pop("model name", platform.machine())
    return f"{name} ({', '.join(f'{key} {value}' for key, value in told.items())})"


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
