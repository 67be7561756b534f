"""What takes long and is asked for often: made by one of pytest's workers, loaded once by each."""

import contextlib
import fcntl
import functools
import json
import os
from pathlib import Path
from unittest import mock


def shared_dir(tmp_path_factory):
    """The temporary directory of all workers; no test changes what others read there."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def made_once(directory, make):
    """Let the first worker that asks for it fill a directory.

    Args:
        directory: in `shared_dir`.
        make: fills the directory, which isn't there yet, and tells what JSON can hold.

    Returns:
        What was told.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    record = directory.with_name(f"{directory.name}.json")
    with directory.with_name(f"{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            record.write_text(json.dumps(make(directory)))
    return json.loads(record.read_text())


@contextlib.contextmanager
def loaded_once(directory):
    """Load each SavedModel in a directory once; others, such as damaged copies, whenever asked."""
    import tensorflow as tf

    load = tf.saved_model.load
    load_once = functools.cache(load)

    def loaded(path):
        return load_once(path) if Path(path).is_relative_to(directory) else load(path)

    with mock.patch.object(tf.saved_model, "load", loaded):
        yield
