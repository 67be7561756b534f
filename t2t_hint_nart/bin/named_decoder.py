"""What translates, named by flags: the model of a checkpoint, or an export of any format.

In: parsed flags. Out: decode hparams, checked before anything is loaded, and what translates with
them when it is asked for. Loads no TensorFlow for an export that needs none.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from absl import flags

from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.named_model import NamedModel, named_model, to_stderr
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams

if TYPE_CHECKING:
    from t2t_hint_nart.serving.translator import Translator

# Flags that say nothing of an export, and why.
_ITSELF = "an export says itself which model it is"
_OF_A_CHECKPOINT = {
    "model": _ITSELF,
    "hparams_set": _ITSELF,
    "hparams": _ITSELF,
    "output_dir": "give either a checkpoint or an export",
    "checkpoint_path": "give either a checkpoint or an export",
    "score_file": "the model of a checkpoint scores",
    "dedup": "a student is exported with --decode_hparams=dedup=True",
    "keep_timestamp": "it is the time of a checkpoint",
}


class LoadedDecoder(NamedTuple):
    """A model in memory.

    Attributes:
        translator: from decode hparams to what translates with them.
        checkpoint: that was read; "" of an export.
        trained: the checkpoint's model; None of an export.
    """

    translator: "Callable[[HParams], Translator]"
    checkpoint: str = ""
    trained: Any = None


class NamedDecoder(NamedTuple):
    """What translates, named by flags and checked, before anything is loaded.

    Attributes:
        settings: decode hparams, with what T2T sets by flags of its own.
        names: of the model, of its set or, of an export, its runtime, and of the problem, for the
            name of a file of decodes.
        problem: whose sentences can be translated; None where no flag names it.
        load: reads it.
    """

    settings: HParams
    names: tuple[str, str, str]
    problem: Any
    load: Callable[[], LoadedDecoder]


def named_decoder(values: flags.FlagValues) -> NamedDecoder:
    """Return what --export_dir, or else --output_dir and --model, names.

    Raises:
        InputError: a missing flag, one without effect, or a name or value that isn't known.
    """
    return _of_export(values) if values.export_dir else _of_checkpoint(values)


def _of_checkpoint(values: flags.FlagValues) -> NamedDecoder:
    """The model of --output_dir or --checkpoint_path."""
    named = named_model(values)
    settings = _settings(values)
    names = (values.model, values.hparams_set, values.problem)
    return NamedDecoder(settings, names, named.problem, lambda: _load(named, values))


def _load(named: NamedModel, values: flags.FlagValues) -> LoadedDecoder:
    from t2t_hint_nart.serving.decode_function import translator_of
    from t2t_hint_nart.training.checkpoint_files import find_checkpoint

    path = find_checkpoint(named.checkpoint)
    trained = named.load(path)
    scorer = _scorer(values)

    def translator(settings: HParams) -> "Translator":
        return translator_of(trained, settings, scorer, to_stderr)

    return LoadedDecoder(translator, path, trained)


def _of_export(values: flags.FlagValues) -> NamedDecoder:
    """The model of --export_dir, of which its metadata say all."""
    for name in _OF_A_CHECKPOINT:
        if values[name].present and values[name].value:
            raise InputError(f"--{name} has no effect with --export_dir: {_OF_A_CHECKPOINT[name]}.")
    from t2t_hint_nart import registry
    from t2t_hint_nart.exports.metadata import newest_version, read_metadata
    from t2t_hint_nart.serving.export_decoding import settings_of_export

    # Looked up once: a newer one may come while TensorFlow starts.
    export_dir = newest_version(values.export_dir)
    facts = read_metadata(export_dir)
    settings = _with_flags(settings_of_export(facts, values.decode_hparams), values)
    problem = None
    if (
        values.problem
        or values.data_dir
        or not (values.decode_from_file or values.decode_interactive)
    ):
        require(values, "problem", "data_dir")
        problem = registry.problem(values.problem)
    names = (facts.model, facts.runtime, facts.problem)
    return NamedDecoder(settings, names, problem, lambda: _open(values, export_dir, problem))


def _open(values: flags.FlagValues, export_dir: Path, problem: Any) -> LoadedDecoder:
    from t2t_hint_nart.data.problem_identity import identity_of
    from t2t_hint_nart.exports.runtime import open_export
    from t2t_hint_nart.serving.export_decoding import translator_of_export

    export = open_export(export_dir)
    if problem is None:
        encoders = export.encoders
    else:
        encoders = problem.get_feature_encoders(values.data_dir)
        known = identity_of(problem, encoders)
        if warning := export.metadata.learnt.check_fits(known, export.export_dir):
            to_stderr(f"Warning: {warning}")
    scorer = _scorer(values)

    def translator(settings: HParams) -> "Translator":
        return translator_of_export(export, settings, encoders, scorer, to_stderr)

    return LoadedDecoder(translator)


def _scorer(values: flags.FlagValues) -> Any:
    if not values.teacher_export_dir:
        return None
    from t2t_hint_nart.exports.capabilities import ExportedScorer

    return ExportedScorer(values.teacher_export_dir)


def _settings(values: flags.FlagValues) -> HParams:
    """The decode hparams of a checkpoint's model, with what T2T sets by flags of its own."""
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams

    return _with_flags(
        decode_hparams(values.decode_hparams, registry.strategy_of(values.model)), values
    )


def _with_flags(settings: HParams, values: flags.FlagValues) -> HParams:
    for given, name in (
        ("decode_shards", "shards"),
        ("worker_id", "shard_id"),
        ("decode_to_file", "decode_to_file"),
        ("decode_reference", "decode_reference"),
        ("dedup", "dedup"),
    ):
        if values[given].present:
            settings.set_hparam(name, values[given].value)
    return settings
