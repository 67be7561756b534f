"""Names for models, hyperparameter sets and problems, and the decorators that give them.

In: classes and functions of this package or of a user's own directory. Out: the object behind a
name, a model by its module path alone so that listing the models imports none of them. Must not
import TensorFlow. The names and rules are those of T2T's `utils/registry.py`: CamelCase becomes
snake_case, functions keep their name, and a problem is also known by its `_rev` and `_copy` form.
"""

import importlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from t2t_hint_nart.errors import InputError, UnknownNameError, nearest
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.ranged_hparam import RangedHParams
from t2t_hint_nart.registry_entry import Entry, LazyModel, caller_origin, first_line
from t2t_hint_nart.user_directory import import_usr_dir as import_usr_dir

_PLUGIN_PACKAGES = ("t2t_hint_nart.models", "t2t_hint_nart.hparams", "t2t_hint_nart.problems")
_PROBLEM_SUFFIXES = ("_rev", "_copy")

_models: dict[str, Entry] = {}
_hparams: dict[str, Entry] = {}
_ranged_hparams: dict[str, Entry] = {}
_problems: dict[str, Entry] = {}
_derived_problems: dict[str, Callable[[Any], Any]] = {}
_loaded_plugins: set[str] = set()


class ProblemName(NamedTuple):
    """A problem's name taken apart, as in `translate_ende_wmt32k_rev`."""

    base: str
    was_reversed: bool
    was_copy: bool


def default_name(registered: Callable[..., Any]) -> str:
    """Return the name under which a class or function is registered by default.

    Example:
        >>> default_name(type("TranslateEndeWmt32k", (), {}))
        'translate_ende_wmt32k'
    """
    name = registered.__name__
    if not isinstance(registered, type):
        return name
    words_split = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", words_split).lower()


def register_model(cls_or_name: Any = None) -> Any:
    """Register a model class; a decorator, with or without a name.

    Raises:
        InputError: if the name is taken; the message tells where both registrations are.

    Example:
        >>> @register_model("my_model")
        ... class MyModel:
        ...     "A model of mine."
    """
    return _register("model", _models, cls_or_name)


def register_lazy_model(name: str, target: str, doc: str) -> None:
    """Register a model by the place of its class, which is imported when it is asked for.

    Args:
        name: the model's name.
        target: `package.module:Class`.
        doc: one line for `--registry_help`.

    Raises:
        InputError: if the name is taken.
    """
    _add("model", _models, name, Entry(LazyModel(target), caller_origin(__file__), doc))


def register_hparams(function_or_name: Any = None) -> Any:
    """Register a function that returns an `HParams`; a decorator, with or without a name."""
    return _register("hparams set", _hparams, function_or_name)


def register_ranged_hparams(function_or_name: Any = None) -> Any:
    """Register a function that fills a `RangedHParams`; a decorator, with or without a name."""
    return _register("hparams range", _ranged_hparams, function_or_name)


def register_problem(cls_or_name: Any = None) -> Any:
    """Register a `Problem` class; a decorator, with or without a name.

    The class learns its name as `registered_name`.

    Raises:
        InputError: if the name is taken, or ends in `_rev` or `_copy`, which are added on demand.
    """
    return _register("problem", _problems, cls_or_name)


def register_derived_problem(suffix: str) -> Callable[[Any], Any]:
    """Register what makes `<problem><suffix>` out of any problem; a decorator with the suffix.

    The decorated class or function is called with the problem (a reversed one for
    `<problem>_rev<suffix>`). A problem registered under the whole name comes first.

    Raises:
        InputError: if the suffix is taken.
    """

    def decorator(make: Any) -> Any:
        if suffix in _derived_problems:
            raise InputError(f"problem suffix '{suffix}' is already registered")
        _derived_problems[suffix] = make
        return make

    return decorator


def model(name: str) -> Any:
    """Return the model class of that name, importing its module (and TensorFlow) if need be.

    Raises:
        UnknownNameError: listing the models there are.
    """
    value = _find("model", _models, name).value
    return value.load() if isinstance(value, LazyModel) else value


def check_model(name: str) -> None:
    """Refuse an unknown model without importing any.

    Raises:
        UnknownNameError: listing the models there are.
    """
    _find("model", _models, name)


def hparams(name: str) -> HParams:
    """Return a fresh copy of the hyperparameter set of that name.

    Raises:
        UnknownNameError: listing the sets there are.
        InputError: if the registered function returned something else than an `HParams`.
    """
    entry = _find("hparams set", _hparams, name)
    made = entry.value()
    if not isinstance(made, HParams):
        raise InputError(
            f"hparams set '{name}' ({entry.origin}) must return an HParams, "
            f"got {type(made).__name__}"
        )
    return made


def ranged_hparams(name: str) -> RangedHParams:
    """Return the hyperparameter ranges of that name.

    Raises:
        UnknownNameError: listing the ranges there are.
    """
    ranges = RangedHParams()
    _find("hparams range", _ranged_hparams, name).value(ranges)
    return ranges


def problem(name: str) -> Any:
    """Return a problem by its name, which may end in `_rev` and `_copy`, once each.

    `_rev` swaps source and target when the data is read; the data on disk stays the base
    problem's. `_copy` makes the target a copy of the source. A suffix registered with
    `register_derived_problem` comes last.

    Raises:
        UnknownNameError: listing the problems there are.
        InputError: if `_rev` or `_copy` comes after such a suffix.
    """
    parsed = parse_problem_name(name)
    load_plugins()
    suffix = next((s for s in _derived_problems if parsed.base.endswith(s)), None)
    if suffix and parsed.base not in _problems:
        if name != parsed.base:
            swapped = parsed.base.removesuffix(suffix) + name.removeprefix(parsed.base) + suffix
            raise InputError(f"'{name}': '{suffix}' comes last in a problem's name: '{swapped}'")
        return _derived_problems[suffix](problem(name.removesuffix(suffix)))
    cls = _find("problem", _problems, parsed.base).value
    return cls(was_reversed=parsed.was_reversed, was_copy=parsed.was_copy)


def parse_problem_name(name: str) -> ProblemName:
    """Split a problem's name into its base and its suffixes.

    Example:
        >>> parse_problem_name("translate_ende_rev")
        ProblemName(base='translate_ende', was_reversed=True, was_copy=False)

    Raises:
        InputError: if a suffix comes twice.
    """
    found: set[str] = set()
    base = name
    while suffix := next((s for s in _PROBLEM_SUFFIXES if base.endswith(s)), None):
        if suffix in found:
            raise InputError(f"problem name '{name}' ends in '{suffix}' twice; once is allowed")
        found.add(suffix)
        base = base.removesuffix(suffix)
    return ProblemName(base, "_rev" in found, "_copy" in found)


def list_models() -> list[str]:
    """Return the names of all models, sorted."""
    return _names(_models)


def list_hparams() -> list[str]:
    """Return the names of all hyperparameter sets, sorted."""
    return _names(_hparams)


def list_ranged_hparams() -> list[str]:
    """Return the names of all hyperparameter ranges, sorted."""
    return _names(_ranged_hparams)


def list_problems() -> list[str]:
    """Return the names of all problems, sorted and without their `_rev` and `_copy` forms."""
    return _names(_problems)


def help_string() -> str:
    """Return what is registered, where, and what it is: the text of `--registry_help`.

    Names are grouped, as in T2T, by their text before the first underscore.
    """
    load_plugins()
    lines = ["Registry contents:", "------------------"]
    kinds = (
        ("Models", _models),
        ("HParams", _hparams),
        ("RangedHParams", _ranged_hparams),
        ("Problems", _problems),
    )
    for title, entries in kinds:
        lines += ["", f"  {title}:"]
        group = None
        for name in sorted(entries, key=lambda name: (name.split("_")[0], name)):
            if name.split("_")[0] != group:
                group = name.split("_")[0]
                lines.append(f"    {group}:")
            lines.append(f"      * {name}  ({entries[name].origin})")
            if entries[name].doc:
                lines.append(f"          {entries[name].doc}")
    return "\n".join(lines)


def load_plugins() -> None:
    """Import what this package itself registers; every look-up does so first."""
    for package in _PLUGIN_PACKAGES:
        if package in _loaded_plugins:
            continue
        _loaded_plugins.add(package)  # before the import: a plug-in may look a name up
        try:
            importlib.import_module(package)
        except BaseException:
            _loaded_plugins.discard(package)
            raise


def _register(kind: str, entries: dict[str, Entry], registered_or_name: Any) -> Any:
    """Register at once (bare decorator) or return a decorator (with a name, or `()`)."""
    if callable(registered_or_name):
        name = default_name(registered_or_name)
        _add(kind, entries, name, _entry(registered_or_name))
        return registered_or_name

    def decorator(registered: Any) -> Any:
        name = registered_or_name or default_name(registered)
        _add(kind, entries, name, _entry(registered))
        return registered

    return decorator


def _entry(registered: Any) -> Entry:
    return Entry(registered, caller_origin(__file__), first_line(registered))


def _add(kind: str, entries: dict[str, Entry], name: str, entry: Entry) -> None:
    if kind == "problem" and name.endswith(_PROBLEM_SUFFIXES):
        raise InputError(
            f"problem '{name}' ({entry.origin}) must not end in '_rev' or '_copy': "
            "these forms exist for every problem"
        )
    earlier = entries.get(name)
    if earlier is not None and not _is_announced(earlier, entry):
        raise InputError(
            f"{kind} '{name}' is already registered at {earlier.origin}; "
            f"the second registration is at {entry.origin}"
        )
    entries[name] = entry
    if kind == "problem":
        entry.value.registered_name = name


def _is_announced(earlier: Entry, entry: Entry) -> bool:
    """Whether `earlier` is the lazy registration of the very class that `entry` holds."""
    return isinstance(earlier.value, LazyModel) and earlier.value.names(entry.value)


def _find(kind: str, entries: dict[str, Entry], name: str) -> Entry:
    load_plugins()
    if name not in entries:
        registered = ", ".join(sorted(entries)) or "none"
        raise UnknownNameError(
            f"{kind} '{name}' is not registered.{nearest(name, entries)} Registered: {registered}"
        )
    return entries[name]


def _names(entries: dict[str, Entry]) -> list[str]:
    load_plugins()
    return sorted(entries)
