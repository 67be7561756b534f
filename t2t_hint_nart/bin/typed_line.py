"""A line that the user types, as text. No TensorFlow."""

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.escape import replace_surrogates


def typed_line(prompt: str) -> str:
    """Return the next line of stdin; what its encoding lets through and is no text becomes U+FFFD.

    Raises:
        InputError: the line isn't of stdin's encoding.
        EOFError: there is none.
    """
    try:
        return replace_surrogates(input(prompt))
    except UnicodeDecodeError as error:
        encoding = error.encoding.upper()
        raise InputError(f"What is typed isn't {encoding}: {error.reason}.") from error
