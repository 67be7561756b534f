"""Settings of every test: quiet TensorFlow on one thread, fixed seeds. Imports no TensorFlow."""

import os
import random
import signal
import sys

import pytest
from hypothesis import settings

from t2t_hint_nart import user_directory

# Read when TensorFlow is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

settings.register_profile(
    "repeatable", derandomize=True, deadline=None, max_examples=50, database=None
)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True, scope="session")
def graphs_as_they_are():
    """Without Grappler, a tenth of the suite's time; commands that tests start have it."""
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].config.optimizer.set_experimental_options(
            {"disable_meta_optimizer": True}
        )


@pytest.fixture(autouse=True)
def fixed_seed():
    """Seed what draws the seeds of layers; TensorFlow, given one, compiles all its graphs anew."""
    random.seed(17)


@pytest.fixture(autouse=True)
def no_user_directory(monkeypatch):
    """Forget those of other tests: a process has one, and names it in commands that it prints."""
    monkeypatch.setattr(user_directory, "_imported", [])


@pytest.fixture
def usual_signals():
    """Python's own handling of what ends a process, whatever runs the tests (nohup, say)."""
    usual = dict.fromkeys((signal.SIGTERM, signal.SIGHUP), signal.SIG_DFL)
    usual[signal.SIGINT] = signal.default_int_handler
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def eager_functions():
    """Run every tf.function eagerly: no graph is traced."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
