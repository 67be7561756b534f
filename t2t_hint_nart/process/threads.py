"""How many threads compute (no TensorFlow).

It is said by the environment variables that TensorFlow reads when it starts, and can't be changed
from then on; the other runtimes follow them.
"""

import os

# For one operation, and for operations beside each other.
INTRA_OP = "TF_NUM_INTRAOP_THREADS"
INTER_OP = "TF_NUM_INTEROP_THREADS"


def use_threads(intra_op: int, inter_op: int) -> None:
    """Say how many threads there are from now on; 0 leaves what was said before."""
    for variable, number in ((INTRA_OP, intra_op), (INTER_OP, inter_op)):
        if number:
            os.environ[variable] = str(number)


def one_thread_by_default() -> None:
    """Take one of each where nothing was said: for one sentence at a time, more are slower."""
    os.environ.setdefault(INTRA_OP, "1")
    os.environ.setdefault(INTER_OP, "1")


def threads_of_a_call() -> int:
    """How many threads a runtime that isn't TensorFlow's has for a call: 1 unless said."""
    said = os.environ.get(INTRA_OP, "")
    return int(said) if said.isdecimal() and int(said) else 1
