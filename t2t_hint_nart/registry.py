"""Names for models, sets, problems and what else is chosen by name, and the decorators for them.

In: classes and functions of this package or of a user's own directory. Out: the object behind a
name. Must not import TensorFlow. Names and rules are those of T2T's `utils/registry.py`:
CamelCase becomes snake_case, functions keep their name, and a problem is also known by its `_rev`
and `_copy` form.
"""

import importlib
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from t2t_hint_nart import user_directory
from t2t_hint_nart.catalogue import Catalogue, Entry, snake_case
from t2t_hint_nart.catalogue import default_name as default_name
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import restrict_numbers
from t2t_hint_nart.ranged_hparam import RangedHParams

_PLUGIN_PACKAGES = (
    "t2t_hint_nart.losses",
    "t2t_hint_nart.hints",
    "t2t_hint_nart.models",
    "t2t_hint_nart.decoding",
    "t2t_hint_nart.exports",
    "t2t_hint_nart.training.optimizer",
    "t2t_hint_nart.hparams",
    "t2t_hint_nart.problems",
    "t2t_hint_nart.reproduce.recipes",
    "t2t_hint_nart.reproduce.studies",
    "t2t_hint_nart.reproduce.rivals",
)
_loaded_plugins: set[str] = set()
_PROBLEM_SUFFIXES = ("_rev", "_copy")
# What a model has that says nothing of it, as those registered for tensor2tensor do.
BEAM = "beam"
LIKELIHOOD = "likelihood"


class ProblemName(NamedTuple):
    """A problem's name taken apart, as in `translate_ende_wmt32k_rev`."""

    base: str
    was_reversed: bool
    was_copy: bool


def _check_problem(name: str, entry: Entry) -> None:
    """Refuse names that exist for every problem; tell the class its name."""
    if name.endswith(_PROBLEM_SUFFIXES):
        raise InputError(
            f"problem '{name}' ({entry.origin}) must not end in '_rev' or '_copy': "
            "these forms exist for every problem"
        )
    entry.value.registered_name = name


def _check_optimizer(name: str, entry: Entry) -> None:
    """Refuse functions of other arguments than T2T's, at once instead of when training starts."""
    try:
        inspect.signature(entry.value).bind(None, None)
    except TypeError as error:
        raise InputError(
            f"optimizer '{name}' ({entry.origin}) must take two arguments, learning_rate and "
            f"hparams: {error}"
        ) from error


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


_models = Catalogue("model", prepare=load_plugins)
_hparams = Catalogue("hparams set", prepare=load_plugins)
_ranged_hparams = Catalogue("hparams range", prepare=load_plugins)
_problems = Catalogue("problem", _check_problem, load_plugins)
_optimizers = Catalogue("optimizer", _check_optimizer, load_plugins)
_criteria = Catalogue("criterion", prepare=load_plugins)
_terms = Catalogue("loss term", prepare=load_plugins)
_strategies = Catalogue("decoding strategy", prepare=load_plugins)
_runtimes = Catalogue("runtime", prepare=load_plugins)
_scores = Catalogue("score", prepare=load_plugins)
_recipes = Catalogue("recipe", prepare=load_plugins)
_derived_problems: dict[str, Callable[[Any], Any]] = {}

# What is registered, by decorators, bare or with a name, or by its place, and what its name gives
# (UnknownNameError if there is no such name, with all there are).
#
# A Keras model class, with the facts `strategy`, how it is decoded, and `criterion`, what it
# minimises.
register_model = _models.register
register_lazy_model = _models.register_lazily
model = _models.load
list_models = _models.names
# A decoding.strategy.Strategy.
register_strategy = _strategies.register
register_lazy_strategy = _strategies.register_lazily
strategy = _strategies.load
list_strategies = _strategies.names
# A losses.term.Criterion; it is made.
register_criterion = _criteria.register
register_lazy_criterion = _criteria.register_lazily
criterion = _criteria.make
# A losses.term.Term.
register_term = _terms.register
register_lazy_term = _terms.register_lazily
# An exports.runtime.Runtime; it is made.
register_runtime = _runtimes.register
register_lazy_runtime = _runtimes.register_lazily
runtime = _runtimes.make
# A function that returns an HParams, anew at every call.
register_hparams = _hparams.register
list_hparams = _hparams.names
# A function that fills a RangedHParams.
register_ranged_hparams = _ranged_hparams.register
list_ranged_hparams = _ranged_hparams.names
# A Problem class, which learns its name as `registered_name`; listed without `_rev` and `_copy`.
register_problem = _problems.register
list_problems = _problems.names
# A function of the learning rate (a Keras schedule) and the set that returns a Keras optimizer.
register_optimizer = _optimizers.register
list_optimizers = _optimizers.names
# A function of sources, translations and references, lists of as many lines each, that returns the
# number which reports of experiments tell beside theirs.
register_score = _scores.register
# A function that returns a reproduce.recipe.Recipe of its own name; it is called.
register_recipe = _recipes.register
recipe = _recipes.make
list_recipes = _recipes.names


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


def check_model(name: str) -> None:
    """Refuse an unknown model without importing any."""
    _models.find(name)


def strategy_of(model_name: str) -> str:
    """Return the name of the strategy by which a model is decoded."""
    return _models.find(model_name).facts.get("strategy", BEAM)


def criterion_of(model_name: str) -> str:
    """Return the name of the criterion that a model minimises."""
    return _models.find(model_name).facts.get("criterion", LIKELIHOOD)


def terms() -> dict[str, Any]:
    """Return all loss terms by name, made, in the order of their registration."""
    return {name: _terms.make(name) for name in _terms}


def scores() -> dict[str, Callable[[list[str], list[str], list[str]], float]]:
    """Return all registered scores of translations by name, in the order of their registration."""
    return {name: _scores.load(name) for name in _scores}


def hparams(name: str) -> HParams:
    """Return a fresh copy of the hyperparameter set of that name, its numbers within their bounds.

    Raises:
        UnknownNameError: listing the sets there are.
        InputError: if the registered function failed, or returned something else than an
            `HParams`, or one with a number that `hparam_bounds` doesn't allow.
    """
    entry = _hparams.find(name)
    try:
        made = entry.value()
    except Exception as error:
        raise InputError(
            f"hparams set '{name}' ({entry.origin}) failed: {user_directory.failure(error)}"
        ) from error
    if not isinstance(made, HParams):
        raise InputError(
            f"hparams set '{name}' ({entry.origin}) must return an HParams, "
            f"got {type(made).__name__}"
        )
    try:
        return restrict_numbers(made)
    except InputError as error:
        raise InputError(f"hparams set '{name}' ({entry.origin}): {error}") from error


def ranged_hparams(name: str) -> RangedHParams:
    """Return the hyperparameter ranges of that name."""
    ranges = RangedHParams()
    _ranged_hparams.find(name).value(ranges)
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
    suffix = next((s for s in _derived_problems if parsed.base.endswith(s)), None)
    if suffix and parsed.base not in _problems:
        if name != parsed.base:
            swapped = parsed.base.removesuffix(suffix) + name.removeprefix(parsed.base) + suffix
            raise InputError(f"'{name}': '{suffix}' comes last in a problem's name: '{swapped}'")
        return _derived_problems[suffix](problem(name.removesuffix(suffix)))
    cls = _problems.find(parsed.base).value
    return cls(was_reversed=parsed.was_reversed, was_copy=parsed.was_copy)


def optimizer(name: str) -> Callable[[Any, HParams], Any]:
    """Return the function that makes the optimizer of that name.

    T2T 1.2.9's names in CamelCase stand for those of 1.15: TrueAdam for true_adam, SGD for sgd.
    """
    known = name if name in _optimizers else snake_case(name)
    make: Callable[[Any, HParams], Any] = _optimizers.find(known).value
    return make


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


def help_string() -> str:
    """Return what is registered, where, and what it is: the text of `--registry_help`.

    Names are grouped, as in T2T, by their text before the first underscore.
    """
    lines = ["Registry contents:", "------------------"]
    for title, catalogue in (
        ("Models", _models),
        ("HParams", _hparams),
        ("RangedHParams", _ranged_hparams),
        ("Problems", _problems),
        ("Optimizers", _optimizers),
        ("Criteria", _criteria),
        ("Loss terms", _terms),
        ("Decoding strategies", _strategies),
        ("Runtimes", _runtimes),
        ("Scores", _scores),
        ("Recipes", _recipes),
    ):
        lines += ["", f"  {title}:", *_grouped(catalogue)]
        if catalogue is _problems:
            suffixes = ", ".join((*_PROBLEM_SUFFIXES, *_derived_problems))
            lines.append(f"    A problem's name may end in: {suffixes}")
    return "\n".join(lines)


def import_usr_dir(path: str) -> None:
    """Import a user's own directory of models, sets and problems: `--t2t_usr_dir`.

    Args and raises as `user_directory.import_directory`.
    """
    load_plugins()
    user_directory.import_directory(path)


def _grouped(catalogue: Catalogue) -> list[str]:
    """Return the lines of `help_string` for one kind."""
    lines: list[str] = []
    group = None
    for name in sorted(catalogue.names(), key=lambda name: (name.split("_")[0], name)):
        if name.split("_")[0] != group:
            group = name.split("_")[0]
            lines.append(f"    {group}:")
        entry = catalogue.find(name)
        lines.append(f"      * {name}  ({entry.origin})")
        if entry.doc:
            lines.append(f"          {entry.doc}")
    return lines
