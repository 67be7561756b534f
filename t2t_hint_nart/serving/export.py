"""Export a trained model, with what it can do for others, as a numbered version."""

import hashlib
import shutil
from pathlib import Path

import keras

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import exported_names
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import (
    GIVES_HINTS,
    METADATA_FILE,
    SAVED_MODEL,
    SCORES,
    TRANSLATES,
    ExportMetadata,
    digests_of,
    version_dirs,
)
from t2t_hint_nart.exports.saved_model import compared_probes
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import Network, Stepwise
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


def export(
    source: TrainedModel,
    decode_hparams: HParams,
    export_dir: str | Path,
    runtime: str = SAVED_MODEL,
) -> str:
    """Write an export as the next version in a directory, complete or not at all.

    Args:
        source: what to export.
        decode_hparams: of the model's strategy.
        export_dir: where versions go.
        runtime: registered name of the format.

    Returns:
        The directory of the version.

    Raises:
        InputError: export_dir can't be written, the model can't be exported, or a decode hparam
            has no effect on an export.
    """
    target = next_version(export_dir)
    strategy_name = registry.strategy_of(source.model_name)
    exported = exported_names(decode_hparams, strategy_name)
    strategy = source.strategy(decode_hparams).exported()
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
        weights_fingerprint=weights_fingerprint(network),
        runtime=runtime,
        languages=learnt.languages,
        digests=digests_of(incomplete),
        max_input_size=strategy.exported_input_size,
    ).write(incomplete)
    incomplete.replace(target)
    return str(target)
