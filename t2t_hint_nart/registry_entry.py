"""What the registry holds for one name: the object, where it was registered, and what it is.

In: a class, a function, or the path of a class yet to be imported. Out: an `Entry`. Must not
import TensorFlow, nor any registered module before it is asked for.
"""

import importlib
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Entry(NamedTuple):
    """One registration.

    Attributes:
        value: the class or function, or a `LazyModel`.
        origin: `file:line` of the registration.
        doc: first line of the docstring, or an empty string.
    """

    value: Any
    origin: str
    doc: str


class LazyModel(NamedTuple):
    """A model class that is imported when it is asked for.

    Attributes:
        target: `package.module:Class`.
    """

    target: str

    def load(self) -> Any:
        """Import the module and return the class."""
        module_name, _, class_name = self.target.partition(":")
        return getattr(importlib.import_module(module_name), class_name)

    def names(self, value: Any) -> bool:
        """Return whether `value` is the class that this target is the path of."""
        module, qualified_name = (
            getattr(value, "__module__", ""),
            getattr(value, "__qualname__", ""),
        )
        return self.target == f"{module}:{qualified_name}"


def first_line(registered: Any) -> str:
    """Return the first line of the docstring of a class or function, or an empty string."""
    return (registered.__doc__ or "").strip().partition("\n")[0]


def caller_origin(registry_file: str) -> str:
    """Return `file:line` of the innermost code on the stack outside the registry.

    Args:
        registry_file: the file whose frames, like this one's, are passed over.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename in (__file__, registry_file):
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{frame.f_lineno}"
