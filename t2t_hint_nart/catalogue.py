"""What is registered of one kind: names, the objects behind them, and where they come from.

In: classes and functions, or the path of a class yet to be imported. Out: the entry of a name.
Must not import TensorFlow, nor any registered module before it is asked for.
"""

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, overload

from t2t_hint_nart.errors import InputError, UnknownNameError, nearest

_Registered = TypeVar("_Registered", bound=Callable[..., Any])
_REGISTRY_FILES = (__file__, str(Path(__file__).with_name("registry.py")))


class Entry(NamedTuple):
    """One registration.

    Attributes:
        value: the class or function, or a `LazyClass`.
        origin: `file:line` of the registration.
        doc: first line of the docstring, or an empty string.
        facts: what else is known of it, by name.
    """

    value: Any
    origin: str
    doc: str
    facts: Mapping[str, str] = MappingProxyType({})

    def load(self) -> Any:
        """Return the class or function, imported if need be."""
        return self.value.load() if isinstance(self.value, LazyClass) else self.value


class LazyClass(NamedTuple):
    """A class that is imported when it is asked for, from `package.module:Class`."""

    target: str

    def load(self) -> Any:
        """Import the module and return the class."""
        module_name, _, class_name = self.target.partition(":")
        return getattr(importlib.import_module(module_name), class_name)

    def names(self, value: Any) -> bool:
        """Return whether `value` is the class that this target is the path of."""
        module = getattr(value, "__module__", "")
        return self.target == f"{module}:{getattr(value, '__qualname__', '')}"


class Catalogue:
    """The registrations of one kind.

    Args:
        kind: what messages call it, as `model`.
        check: called with the name and the entry before it is added; may raise.
        prepare: called before every look-up; it may register.

    Example:
        >>> models = Catalogue("model")
        >>> @models.register
        ... class TransformerNat:
        ...     "The student."
        >>> models.find("transformer_nat").doc
        'The student.'
        >>> models.find("transformer_net")
        Traceback (most recent call last):
        ...
        t2t_hint_nart.errors.UnknownNameError: model 'transformer_net' is not registered. \
Did you mean 'transformer_nat'? Registered: transformer_nat
    """

    def __init__(
        self,
        kind: str,
        check: Callable[[str, Entry], None] = lambda name, entry: None,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self._kind, self._check, self._prepare = kind, check, prepare
        self._entries: dict[str, Entry] = {}

    @overload
    def register(self, registered_or_name: _Registered) -> _Registered: ...

    @overload
    def register(
        self, registered_or_name: str | None = None, **facts: str
    ) -> Callable[[_Registered], _Registered]: ...

    def register(self, registered_or_name: Any = None, **facts: str) -> Any:
        """Register a class or function; a decorator, bare or with a name.

        Without a name it is registered under `default_name`.

        Raises:
            InputError: if the name is taken; the message tells where both registrations are.
        """
        if callable(registered_or_name):
            self.add(default_name(registered_or_name), _entry(registered_or_name))
            return registered_or_name

        def decorator(registered: _Registered) -> _Registered:
            entry = _entry(registered)._replace(facts=facts)
            self.add(registered_or_name or default_name(registered), entry)
            return registered

        return decorator

    def register_lazily(self, name: str, target: str, doc: str, **facts: str) -> None:
        """Register a class by its place, from which it is imported when it is asked for.

        Args:
            name: as for `register`, and so are facts.
            target: `package.module:Class`.
            doc: one line for `--registry_help`.
            **facts: of the entry.
        """
        self.add(name, Entry(LazyClass(target), _caller_origin(), doc, facts))

    def add(self, name: str, entry: Entry) -> None:
        """Add an entry under a name that is free, or that announces this very class lazily."""
        earlier = self._entries.get(name)
        if earlier is not None and not (
            isinstance(earlier.value, LazyClass) and earlier.value.names(entry.value)
        ):
            raise InputError(
                f"{self._kind} '{name}' is already registered at {earlier.origin}; "
                f"the second registration is at {entry.origin}"
            )
        self._check(name, entry)
        self._entries[name] = entry

    def find(self, name: str) -> Entry:
        """Return the entry of a name.

        Raises:
            UnknownNameError: with the nearest names, and all there are.
        """
        self._prepare()
        if name not in self._entries:
            registered = ", ".join(self.names()) or "none"
            raise UnknownNameError(
                f"{self._kind} '{name}' is not registered.{nearest(name, self._entries)} "
                f"Registered: {registered}"
            )
        return self._entries[name]

    def load(self, name: str) -> Any:
        """Return the class or function of a name, importing its module if need be."""
        return self.find(name).load()

    def make(self, name: str) -> Any:
        """Return what the class or function of a name makes without arguments."""
        return self.load(name)()

    def names(self, prefix: str = "") -> list[str]:
        """Return all names that begin with `prefix`, sorted."""
        return sorted(name for name in self if name.startswith(prefix))

    def __iter__(self) -> Iterator[str]:
        """Return all names in the order of their registration."""
        self._prepare()
        return iter(tuple(self._entries))

    def __contains__(self, name: object) -> bool:
        self._prepare()
        return name in self._entries


def default_name(registered: Callable[..., Any]) -> str:
    """Return the name under which a class or function is registered by default.

    Example:
        >>> default_name(type("TranslateEndeWmt32k", (), {}))
        'translate_ende_wmt32k'

    References:
        T2T `utils/registry.py`, default_name.
    """
    name = registered.__name__
    return snake_case(name) if isinstance(registered, type) else name


def snake_case(name: str) -> str:
    """Return a name in CamelCase as T2T writes it in snake_case.

    Example:
        >>> snake_case("TrueAdam"), snake_case("SGD")
        ('true_adam', 'sgd')
    """
    words_split = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words_split).lower()


def _entry(registered: Any) -> Entry:
    first_line = (registered.__doc__ or "").strip().partition("\n")[0]
    return Entry(registered, _caller_origin(), first_line)


def _caller_origin() -> str:
    """Return `file:line` of the innermost code on the stack outside the registry."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename in _REGISTRY_FILES:
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{frame.f_lineno}"
