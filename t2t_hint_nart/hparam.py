"""Typed hyperparameters with tensor2tensor's `--hparams='name=value,...'` syntax.

In: named default values and strings, dicts or JSON that override them. Out: an `HParams`, whose
values keep the type of their default. Must not know TensorFlow, the registry, or any set of values.

The syntax, the conversions and the messages are those of T2T's `utils/hparam.py`; added are
index assignment (`sizes[0]=9`, documented but broken there), values that start as None, and the
nearest known name in every "unknown" message.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files import json_file
from t2t_hint_nart.hparam_syntax import (
    HParamType,
    Interval,
    UnknownHParamError,
    checked_value,
    parse_values,
    unknown_message,
    with_elements,
)


class _Alias(NamedTuple):
    """Another name of a hyperparameter, and what its values are called there."""

    name: str
    meanings: Mapping[Any, Any]


class HParams:
    """A set of named, typed values.

    A value is read and written as an attribute. Writing keeps the type of the default (an int may
    be written to a float, nothing else is converted) and refuses names that were never added, so
    that a misspelt name cannot pass unnoticed. Subclasses are not expected.

    Args:
        **defaults: name and default value of each hyperparameter.

    Raises:
        InputError: if a name is taken by a method, or a list is empty (it would have no type).

    Example:
        >>> hparams = HParams(learning_rate=0.2, num_heads=8, sizes=[3, 4])
        >>> hparams.parse("learning_rate=1,sizes[0]=9").values()
        {'learning_rate': 1.0, 'num_heads': 8, 'sizes': [9, 4]}
        >>> hparams.num_head = 4
        Traceback (most recent call last):
        ...
        t2t_hint_nart.hparam_syntax.UnknownHParamError: Unknown hyperparameter num_head. Did you \
mean 'num_heads'?

    References:
        T2T `utils/hparam.py`, class HParams.
    """

    _types: dict[str, HParamType]
    _values: dict[str, Any]
    _aliases: dict[str, _Alias]

    def __init__(self, **defaults: Any) -> None:
        object.__setattr__(self, "_types", {})
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "_aliases", {})
        for name, value in defaults.items():
            self.add_hparam(name, value)

    def add_hparam(self, name: str, value: Any, scalar_type: type | None = None) -> None:
        """Add a hyperparameter.

        Args:
            name: a name that the set does not have yet.
            value: its default, a bool, int, float, str, None, or a list of one of these.
            scalar_type: type of a value that may also be None, or of an empty list. Without it a
                default of None accepts any value, and what is parsed for it is taken for a bool,
                an int or a float if it reads like one.

        Raises:
            InputError: if the name is taken, or an empty list comes without a type.
        """
        self._check_free(name)
        is_list = isinstance(value, (list, tuple))
        if is_list and not value and scalar_type is None:
            raise InputError(f"Multi-valued hyperparameters cannot be empty: {name}")
        if scalar_type is None:
            scalar_type = type(value[0]) if is_list else type(value)
        param_type = HParamType(scalar_type, is_list, is_optional=value is None)
        self._values[name] = checked_value(name, param_type, list(value) if is_list else value)
        self._types[name] = param_type

    def add_alias(self, alias: str, name: str, meanings: Mapping[Any, Any] | None = None) -> None:
        """Accept another name for a hyperparameter, wherever names are accepted.

        Args:
            alias: the other name.
            name: the hyperparameter; `values` and `to_json` know it by this name alone.
            meanings: what values written under the alias stand for; others stand for themselves.

        Raises:
            InputError: if the alias is taken.
            UnknownNameError: if there is no such hyperparameter.

        Example:
            >>> hparams = HParams(hint_align_weight=0.0)
            >>> hparams.add_alias("distill_encdec", "hint_align_weight")
            >>> hparams.parse("distill_encdec=0.5")
            HParams(hint_align_weight=0.5)
        """
        self._check_free(alias)
        self._type_of(name)
        self._aliases[alias] = _Alias(name, dict(meanings or {}))

    def restrict(self, name: str, allowed: tuple[Any, ...] | Interval, reason: str = "") -> None:
        """Accept from now on only some values of a hyperparameter, each of them where it is a list.

        Args:
            name: the hyperparameter.
            allowed: the values, the present one among them.
            reason: why no others are accepted, for the message about values one by one.

        Raises:
            UnknownNameError: if there is no such hyperparameter.
            InputError: if its present value is not allowed.
        """
        param_type = self._type_of(name)._replace(allowed=allowed, reason=reason)
        checked_value(name, param_type, self._values[name])
        self._types[name] = param_type

    def allowed(self, name: str) -> tuple[Any, ...] | Interval | None:
        """Return what `restrict` said of a hyperparameter last, None if nothing.

        Raises:
            UnknownNameError: if there is no such hyperparameter.
        """
        return self._type_of(name).allowed

    def set_hparam(self, name: str, value: Any) -> None:
        """Give an existing hyperparameter a value of its own type.

        Raises:
            UnknownNameError: if there is no such hyperparameter (a KeyError).
            InputError: if the value is of another type, or not allowed.
        """
        self.override_from_dict({name: value})

    def del_hparam(self, name: str) -> None:
        """Remove a hyperparameter and its aliases, if the set has it."""
        self._types.pop(name, None)
        self._values.pop(name, None)
        for alias in [alias for alias, known in self._aliases.items() if known.name == name]:
            del self._aliases[alias]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a hyperparameter, or `default` if the set does not have it.

        Raises:
            InputError: if the set has it and `default` is of another type.
        """
        if name not in self:
            return default
        if default is not None:
            param_type = self._type_of(name)._replace(allowed=None)
            try:
                checked_value(name, param_type, default)
            except InputError as error:
                raise InputError(
                    f"Hparam '{name}' of type '{param_type}' is incompatible "
                    f"with default={default}. {error}"
                ) from error
        return self._values[self._target(name)]

    def parse(self, values: str) -> "HParams":
        """Override values from a string such as `learning_rate=0.1,sizes=[3,4],sizes[0]=9`.

        Nothing is changed when any part of the string is refused.

        Args:
            values: comma-separated `name=value`; a list is written `[a,b]` or `[a b]`, one of its
                elements `name[index]=value`; a string value may hold anything but `,` and `[`.

        Returns:
            This object.

        Raises:
            InputError: with T2T's message, naming what could not be understood.
        """
        accepted = {name: self._type_of(name) for name in (*self._types, *self._aliases)}
        parsed = parse_values(values, accepted)
        return self.override_from_dict(
            {
                name: with_elements(name, self.get(name), value)
                if isinstance(value, dict)
                else value
                for name, value in parsed.items()
            }
        )

    def parse_json(self, values: str) -> "HParams":
        """Override values from a JSON object, as `to_json` writes it.

        Raises:
            InputError: if it is not a JSON object, or a name or a type does not fit.
        """
        decoded = json_file.parse_json(values, dict[str, Any], "JSON of hyperparameters")
        return self.override_from_dict(decoded)

    def override_from_dict(self, values: Mapping[str, Any]) -> "HParams":
        """Override values by name; nothing is changed when any of them is refused.

        Returns:
            This object.

        Raises:
            UnknownNameError: if a name is unknown (a KeyError).
            InputError: if a value has another type than the hyperparameter.
        """
        checked: dict[str, Any] = {}
        for name, value in values.items():
            target = self._target(name)
            if target in checked:
                raise InputError(f"'{target}' is given twice, once under another name of it")
            checked[target] = checked_value(name, self._types[target], self._meaning(name, value))
        self._values.update(checked)
        return self

    def values(self) -> dict[str, Any]:
        """Return a copy of all values by name, in the order in which they were added."""
        return copy.deepcopy(self._values)

    def to_json(self, **json_arguments: Any) -> str:
        """Return the values as a JSON object.

        Args:
            **json_arguments: passed to `json.dumps`; T2T's hparams.json, with one key per line in
                alphabetical order, is `indent=0, sort_keys=True`.
        """
        return json.dumps(self._values, **json_arguments)

    def copy(self) -> "HParams":
        """Return an independent copy, types included."""
        return copy.deepcopy(self)

    def _check_free(self, name: str) -> None:
        if name in self or hasattr(type(self), name) or name in self.__dict__:
            raise InputError(f"Hyperparameter name is reserved: {name}")

    def _target(self, name: str) -> str:
        """Return the hyperparameter that a name or an alias stands for."""
        if name in self._types:
            return name
        if name in self._aliases:
            return self._aliases[name].name
        known = (*self._types, *self._aliases)
        raise UnknownHParamError(unknown_message(f"Unknown hyperparameter {name}", name, known))

    def _type_of(self, name: str) -> HParamType:
        return self._types[self._target(name)]

    def _meaning(self, name: str, value: Any) -> Any:
        """Return what a value stands for when it is written under this name."""
        if name not in self._aliases or isinstance(value, (list, tuple)):
            return value
        return self._aliases[name].meanings.get(value, value)

    def __getattr__(self, name: str) -> Any:
        # Reached only when normal lookup fails; private names are never hyperparameters, and
        # `copy` and `pickle` ask for some of them before `_values` exists.
        if name.startswith("_"):
            raise AttributeError(name)
        return self._values[self._target(name)]

    def __setattr__(self, name: str, value: Any) -> None:
        self.set_hparam(name, value)

    def __delattr__(self, name: str) -> None:
        self.del_hparam(self._target(name))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __contains__(self, name: object) -> bool:
        return name in self._types or name in self._aliases

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._types))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HParams):
            return NotImplemented
        return self._types == other._types and self._values == other._values

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._types]

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in sorted(self._values.items()))
        return f"HParams({inner})"
