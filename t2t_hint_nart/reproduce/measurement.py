"""The stages of an experiment after training: translations, latency, states, other runtimes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from t2t_hint_nart.exports.metadata import SAVED_MODEL, version_dirs
from t2t_hint_nart.files.digests import check_digests
from t2t_hint_nart.reproduce.evaluate import DECODES, Evaluation, decodes_file
from t2t_hint_nart.reproduce.stages import Keep, Result, Stages

# From a runtime and the name of an export to the system that is exported.
ExportIn = Callable[[str, str, str], None]


def measure(evaluation: Evaluation, stages: Stages, export_in: ExportIn) -> dict[str, Result]:
    """Measure what a recipe asks for, as far as it isn't done.

    Args:
        evaluation: of the systems, which are exported as SavedModels.
        stages: of the experiment.
        export_in: exports in a runtime, by an export's name, a system.

    Returns:
        `latency` as `Evaluation.latency`, `states` as `Evaluation.states`, `acceptance` as
        `Evaluation.decode`.

    Raises:
        InputError: a stage was finished with other settings; translations were edited.
    """
    recipe = evaluation.recipe
    settings: dict[str, Any] = {"split": recipe.split, "sentences": recipe.sentences}
    for system, name in recipe.decoded(SAVED_MODEL):
        settings[f"{system}.{name}"] = recipe.decoding(name).settings
    decoded = stages.grow("decode", settings, evaluation.decode)
    _check_decodes(evaluation.output_dir, "decode", decoded)
    # Experiments of before passes were counted have none.
    acceptance = dict(decoded.get("acceptance", {}))
    measured: dict[str, Result] = {"latency": {}, "states": {}, "acceptance": acceptance}
    if recipe.latency_sentences:
        timed = {**settings, "latency_sentences": recipe.latency_sentences}
        latency = stages.grow("latency", timed, lambda done, _: evaluation.latency(done))
        measured["latency"] = latency
    if recipe.baseline:
        seen = {
            "systems": [system.name for system in recipe.systems],
            "baseline": recipe.baseline[0],
            "drawn": recipe.drawn,
            "quotes_text": recipe.quotes_text,
        }
        # Anew: figures show all systems.
        measured["states"] = stages.grow("states", seen, lambda *_: evaluation.states())
    for runtime in recipe.runtimes:
        for name, values in _measure_in(runtime, evaluation, stages, export_in).items():
            measured[name] |= values
    return measured


def _measure_in(
    runtime: str, evaluation: Evaluation, stages: Stages, export_in: ExportIn
) -> dict[str, Result]:
    """A stage for a further runtime: export, translate and time what is decoded in it.

    Returns:
        `latency` as `Evaluation.latency`, without the baseline, which it was timed beside;
        `acceptance` as `Evaluation.decode`.
    """
    recipe = evaluation.recipe
    keys, timed = recipe.decoded(runtime), recipe.latency_sentences
    decodings = {key: recipe.decoding(key[1]) for key in keys}
    exports = {n: e for key in keys for n, e in decodings[key].exports(key[0]).items()}
    settings = {
        "split": recipe.split,
        "sentences": recipe.sentences,
        "latency_sentences": timed,
        "baseline": recipe.baseline,
        **{".".join(key): (*d.settings, *d.runtimes) for key, d in decodings.items()},
    }

    def work(done: Result, keep: Keep) -> Result:
        # What has translated is whole.
        proven = {
            name
            for key in keys
            if decodes_file(key) in done.get("digests", {})
            for name in decodings[key].exports(key[0])
            if version_dirs(Path(evaluation.exports.export_dir(name)))
        }
        for name, (system, format_) in exports.items():
            if format_ != SAVED_MODEL and name not in proven:
                export_in(format_, name, system)
        earlier = done.get("latency", {})
        decoded = evaluation.decode(done, lambda told: keep({**told, "latency": earlier}), runtime)
        return {**decoded, "latency": evaluation.latency(earlier, runtime) if timed else {}}

    measured = stages.grow(runtime, settings, work)
    _check_decodes(evaluation.output_dir, runtime, measured)
    latency = {".".join(key): measured["latency"][".".join(key)] for key in keys if timed}
    return {"latency": latency, "acceptance": measured.get("acceptance", {})}


def _check_decodes(output_dir: Path, stage: str, decoded: Result) -> None:
    """Refuse translations that aren't those that a stage wrote."""
    stamp = output_dir / "stages" / f"{stage}.json"
    advice = f"Put it back, or delete {stamp} to translate again."
    # Experiments of before there were digests have none.
    check_digests(output_dir / DECODES, decoded.get("digests", {}), advice)
