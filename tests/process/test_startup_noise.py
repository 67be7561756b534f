import os
import subprocess
import sys

import pytest

from t2t_hint_nart.process.startup_noise import quiet_stderr, without_noise

# Printed by TensorFlow 2.21 on a machine without a GPU.
NOISE = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795355907.439569   11039 port.cc:153] oneDNN custom operations are on. You may see
I0000 00:00:1795355907.440162   11039 cudart_stub.cc:31] Could not find cuda drivers on your machine
To enable the following instructions: AVX2 AVX512F, in other operations, rebuild TensorFlow
"""
INT64 = """\
E0000 00:00:1795891063.729637    9122 util.cc:131] oneDNN supports DT_INT64 only on platforms with \
AVX-512. Falling back to the default Eigen-based implementation if present.
"""
NO_GPU = "E0000 00:00:1795355927.8   11039 cuda_platform.cc:52] failed call to cuInit: INTERNAL\n"
WARNINGS = """\
W0000 00:00:1795355907.44   11039 gpu_device.cc:1] Cannot dlopen some GPU libraries
DeprecationWarning: something old
"""


def test_information_goes_and_warnings_stay():
    assert without_noise(NOISE + WARNINGS + INT64 + NO_GPU) == WARNINGS
    assert without_noise("") == ""


def test_a_gpu_that_does_not_start_is_told(monkeypatch):
    monkeypatch.setattr(os.path, "exists", lambda path: path == "/dev/nvidiactl")
    assert without_noise(NO_GPU) == NO_GPU


def test_stderr_is_caught_and_given_back(capfd):
    with quiet_stderr():
        os.write(2, NOISE.encode())
        print("DeprecationWarning: old", file=sys.stderr)
    os.write(2, b"I0000 00:00:1 later\n")
    assert capfd.readouterr().err == "DeprecationWarning: old\nI0000 00:00:1 later\n"


def test_stderr_is_given_back_after_an_error(capfd):
    with pytest.raises(RuntimeError), quiet_stderr():
        os.write(2, b"what went wrong\n")
        raise RuntimeError
    assert capfd.readouterr().err == "what went wrong\n"


@pytest.mark.parametrize("closing", ["2>&-", "2>/dev/null"])
def test_a_closed_stderr_stays_so(closing):
    code = """
import os, sys
from t2t_hint_nart.process.startup_noise import quiet_stderr
if sys.stderr is not None:
    os.close(2)
with quiet_stderr():
    print("works")
try:
    os.fstat(2)
except OSError:
    print("closed")
"""
    command = ["sh", "-c", f'exec "$0" -c "$1" {closing}', sys.executable, code]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "works\nclosed\n"


def test_tensorflow_starts_in_silence_and_works():
    code = """
import os, sys
import t2t_hint_nart
from t2t_hint_nart.process.startup_noise import quiet_stderr, silence_startup_noise
silence_startup_noise()
assert "tensorflow" not in sys.modules
import tensorflow as tf, tensorflow_text
print(tf.constant([1, 2]).numpy().sum(), tf.__version__ == tf.version.VERSION)
numbers = tf.zeros([1, 1], tf.int64)
with quiet_stderr():
    tf.transpose(numbers)
# As in the text graph of an export.
tf.function(tf.transpose)(numbers)
os.write(2, b"heard\\n")
"""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_CPP")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "3 True\n"
    assert done.stderr == "heard\n"
