"""Export a trained model, with what it can do for others, as a numbered version."""

import hashlib
import shutil
from pathlib import Path

import keras

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import exported_names
from t2t_hint_nart.decoding.strategy import Strategy
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer
from t2t_hint_nart.exports.metadata import (
    GIVES_HINTS,
    METADATA_FILE,
    SAVED_MODEL,
    SCORES,
    TRANSLATES,
    ExportMetadata,
    HeldTeacher,
    digests_of,
    version_dirs,
)
from t2t_hint_nart.exports.signatures import compared_probes
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import Network
from t2t_hint_nart.models.protocol import Stepwise
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.training.checkpoint_files import writing


def weights_fingerprint(model: keras.Model) -> str:
    """sha256 over names and values of a model's weights."""
    digest = hashlib.sha256()
    for name, variable in sorted(named_variables(model).items()):
        digest.update(name.encode())
        digest.update(keras.ops.convert_to_numpy(variable).tobytes())
    return digest.hexdigest()


def capabilities_of(network: keras.Model) -> tuple[str, ...]:
    """What a model can do for others.

    A stepwise model that also decodes a canvas gives the probability of a whole sentence, its end
    included; what has probes that terms compare gives hints.
    """
    decodes = getattr(type(network), "decode", Network.decode) is not Network.decode
    scores = (SCORES,) if isinstance(network, Stepwise) and decodes else ()
    hints = (GIVES_HINTS,) if compared_probes(network) else ()
    return (TRANSLATES, *scores, *hints)


def next_version(export_dir: str | Path) -> Path:
    """Return the directory of the version after the newest, from 1, as T2T and servers number them.

    Raises:
        InputError: export_dir is an export of the layout without versions, or no directory.
    """
    folder = Path(export_dir)
    if (folder / METADATA_FILE).exists():
        raise InputError(f"{folder} holds an export without versions; give another --export_dir.")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} isn't a directory; give another --export_dir.")
    newest = max((int(path.name) for path in version_dirs(folder)), default=0)
    return folder / str(newest + 1)


def held_teacher(
    teacher_export_dir: str | Path, strategy: Strategy, runtime: str = SAVED_MODEL
) -> ExportedScorer:
    """Open the teacher that an export is to hold, which then ranks the candidates itself.

    Args:
        teacher_export_dir: a SavedModel that scores.
        strategy: of the student, with its decode hparams.
        runtime: registered name of the export's format.

    Raises:
        InputError: no candidates, a format that holds no teacher, or this isn't such a teacher.
    """
    if strategy.candidate_count == 1:
        asking = [name for name in strategy.of_candidates if name != "rescoring_alpha"]
        raise InputError(
            f"The teacher {teacher_export_dir} has nothing to judge: "
            + (
                f"ask for candidates, as --decode_hparams={asking[0]}=4."
                if asking
                else f"an export that decodes by {type(strategy).__name__} has no candidates."
            )
        )
    if not getattr(registry.runtime(runtime), "holds_teacher", False):
        raise InputError(
            f"An export for {runtime} holds no teacher: leave out --teacher_export_dir, or export "
            f"with --format={SAVED_MODEL}."
        )
    teacher = ExportedScorer(teacher_export_dir)
    # Refuses what is no SavedModel.
    _ = teacher.variables
    return teacher


def within(teacher: ExportedScorer, settings: HParams, strategy: Strategy) -> HParams:
    """Decode hparams whose sources the teacher takes, too.

    Raises:
        InputError: a larger max_input_size was asked for.
    """
    limit, asked = teacher.metadata.max_input_size, settings.max_input_size
    if limit <= 0 or strategy.exported_input_size <= limit:
        return settings
    if asked > 0:
        raise InputError(
            f"The teacher {teacher.export_dir} takes {limit} tokens of a source, not "
            f"max_input_size={asked}."
        )
    return settings.copy().override_from_dict({"max_input_size": limit})


def export(
    source: TrainedModel,
    decode_hparams: HParams,
    export_dir: str | Path,
    runtime: str = SAVED_MODEL,
    teacher: ExportedScorer | None = None,
) -> str:
    """Write an export as the next version in a directory, complete or not at all.

    Args:
        source: what to export.
        decode_hparams: of the model's strategy.
        export_dir: where versions go.
        runtime: registered name of the format.
        teacher: that the export holds, as of `held_teacher`; ranks the candidates.

    Returns:
        The directory of the version.

    Raises:
        InputError: export_dir can't be written, the model can't be exported, a decode hparam has
            no effect on an export, or the teacher has other vocabularies.
    """
    target = next_version(export_dir)
    strategy_name = registry.strategy_of(source.model_name)
    exported = exported_names(decode_hparams, strategy_name, teacher is not None)
    strategy = _exported(source, decode_hparams, teacher)
    network, format_ = source.model, registry.runtime(runtime)
    capabilities = format_.offers(strategy, capabilities_of(network))
    incomplete = target.with_name(target.name + ".incomplete")
    shutil.rmtree(incomplete, ignore_errors=True)
    incomplete.mkdir(parents=True)
    try:
        with writing(f"Export {incomplete}"):
            format_.write(network, strategy, source.encoders, capabilities, incomplete)
    except InputError:
        shutil.rmtree(incomplete)
        raise
    learnt = source.identity
    ExportMetadata(
        model=source.model_name,
        problem=learnt.problem,
        step=source.step,
        capabilities=capabilities,
        probes=compared_probes(network) if GIVES_HINTS in capabilities else {},
        strategy=strategy_name,
        decode_hparams={name: strategy.settings.get(name) for name in exported},
        vocabularies=learnt.vocabularies,
        hparams=source.hparams.values(),
        dtype=network.compute_dtype,
        weights_fingerprint=_fingerprint(network, teacher),
        runtime=runtime,
        languages=learnt.languages,
        digests=digests_of(incomplete),
        max_input_size=strategy.exported_input_size,
        rescored_by=_facts_of(teacher, strategy) if teacher is not None else None,
    ).write(incomplete)
    incomplete.replace(target)
    return str(target)


def _exported(source: TrainedModel, settings: HParams, teacher: ExportedScorer | None) -> Strategy:
    """The strategy of the export's `decode`."""
    strategy = source.strategy(settings)
    if teacher is None:
        return strategy.exported()
    teacher.check_fits(source.identity)
    return source.strategy(within(teacher, settings, strategy)).exported_with(teacher)


def _fingerprint(network: keras.Model, teacher: ExportedScorer | None) -> str:
    """Name what decodes, the teacher included."""
    own = weights_fingerprint(network)
    if teacher is None:
        return own
    return hashlib.sha256((own + teacher.metadata.weights_fingerprint).encode()).hexdigest()


def _facts_of(teacher: ExportedScorer, strategy: Strategy) -> HeldTeacher:
    facts = teacher.metadata
    return HeldTeacher(
        facts.model,
        facts.problem,
        facts.step,
        facts.weights_fingerprint,
        strategy.candidate_count,
    )
