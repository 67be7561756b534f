"""Properties of tensor2tensor's problems that mean nothing here: refused, not passed over.

A ported problem that overrides one expects other shards than it would get. No TensorFlow.
"""

from typing import TYPE_CHECKING

from t2t_hint_nart.errors import InputError

if TYPE_CHECKING:
    from t2t_hint_nart.data.problem import Problem

# Property -> what is done in any case. In tensor2tensor the default of each is None or empty.
_UNREAD = {
    "packed_length": "every sentence pair is an example of its own",
    "additional_reserved_tokens": "a vocabulary that is built reserves padding and EOS alone",
}


def check_unread_properties(problem: "Problem") -> None:
    """Refuse a problem that overrides what is not read.

    Args:
        problem: whose data or vocabulary are about to be made.

    Raises:
        InputError: such a property has another value than tensor2tensor's default.
    """
    for name, instead in _UNREAD.items():
        value = getattr(problem, name, None)
        if value:
            raise InputError(
                f"problem '{problem.name}' has {name}={value!r}, which is not read here: "
                f"{instead}; leave it out"
            )
