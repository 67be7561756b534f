"""What translators call of an export, as it was made or otherwise (TensorFlow only if it needs it).

What an export was made with is said by its metadata: no strategy is loaded unless a decode hparam
is given that only that knows.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from absl import logging

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.decoding import CANDIDATES, GREEDY
from t2t_hint_nart.decoding.decode_hparams import OF_COMMANDS, decode_hparams, t2t_hparams
from t2t_hint_nart.decoding.verified import Verified, add_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import CHOOSE, DECODE, ExportMetadata
from t2t_hint_nart.exports.runtime import Servable
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.serving.translator import LONGEST_SENTENCE, Decode, Translator

if TYPE_CHECKING:
    from t2t_hint_nart.exports.capabilities import ExportedScorer

# Decode hparams that ask for candidates: the argument of the signature that gives them, and the
# value that asks for none.
_WIDTHS = {"length_halfwidth": ("halfwidth", 0), "num_candidates": ("count", 1)}
# What of the decoding of candidates can be otherwise than it was exported.
_OF_CANDIDATES = (*_WIDTHS, "rescoring_alpha")
_OF_DRAFTS = ("verified", "verified_tolerance", "extra_length")
# What of these is asked for by T2T's names, too.
_MEANT = {"beam_size": tuple(_WIDTHS), "alpha": ("rescoring_alpha",)}
_CHANGEABLE = (*_MEANT, *_OF_CANDIDATES)
_LIMIT = "max_input_size"
Say = Callable[[str], None]


def settings_of_export(facts: ExportMetadata, overrides: str = "") -> HParams:
    """Return the decode hparams of an export: those that it was made with, then overrides.

    Raises:
        InputError: a name that its strategy doesn't have, or a value that isn't allowed.
    """
    given = {clause.partition("=")[0].strip() for clause in overrides.split(",")} - {""}
    # Those of format 1 have all names, whatever the strategy.
    unused = tuple(_MEANT) if facts.rescored_by is not None else _OF_CANDIDATES
    if facts.strategy != registry.BEAM:
        unused = (*unused, *_MEANT)
    settings = t2t_hparams()
    made_with = {
        name: value
        for name, value in facts.decode_hparams.items()
        if name not in unused or (name in _MEANT and value != settings.get(name))
    }
    is_draft = "verified" in given and facts.strategy != registry.BEAM
    of_drafts = _OF_DRAFTS if is_draft else ()
    if given <= {*OF_COMMANDS, *made_with, *of_drafts, _LIMIT}:
        if is_draft:
            add_hparams(settings)
        for name, value in made_with.items():
            if name not in settings:
                settings.add_hparam(name, value, None if value is not None else int)
            settings.set_hparam(name, value)
        return settings.parse(overrides)
    settings = decode_hparams(overrides, facts.strategy)
    given.update(*(meant for name, meant in _MEANT.items() if name in given))
    for name, value in made_with.items():
        if name in settings and name not in given:
            settings.set_hparam(name, value)
    return settings


def asks_for_scorer(facts: ExportMetadata, settings: HParams) -> bool:
    """Whether decode hparams of an export make candidates or drafts, which a scorer judges."""
    return bool(settings.get("verified", False)) or _width(facts, settings) is not None


def idle_scorer(export_dir: str | Path) -> InputError:
    """What is said of a scorer that gets neither candidates nor drafts."""
    return InputError(
        f"The teacher {export_dir} has nothing to judge: of a student, "
        'decode_hparams="length_halfwidth=4" gives it candidates, "verified=True" drafts.'
    )


def _width(facts: ExportMetadata, settings: HParams) -> str | None:
    """The decode hparam that asks for candidates, if any does that the export doesn't rank."""
    if facts.rescored_by is not None:
        return None
    asking = (n for n, (_, none) in _WIDTHS.items() if settings.get(n, none) not in (none, None))
    return next(asking, None)


def check_scorer_is_wanted(
    facts: ExportMetadata, settings: HParams, export_dir: str | Path
) -> None:
    """Refuse the export of a scorer that a decoding has no use for.

    Raises:
        InputError: as of `idle_scorer`.
    """
    if facts.rescored_by is None and not asks_for_scorer(facts, settings):
        raise idle_scorer(export_dir)


def decode_of_export(
    servable: Servable,
    settings: HParams | str = "",
    scorer: "ExportedScorer | None" = None,
    say: Say = logging.warning,
) -> Decode:
    """Return the decoding of an open export, as it was exported or otherwise.

    Args:
        servable: the export.
        settings: as of `settings_of_export`, or as in --decode_hparams; of what the export was
            made with only beam_size (1: greedy), the number of candidates and rescoring_alpha can
            be changed. What a command does with sentences is left to it.
        scorer: ranks candidates or verifies drafts.
        say: told if that was trained on another problem.

    Raises:
        InputError: settings that the export can't have, candidates that nothing ranks, or a scorer
            of none, of another vocabulary or of the opposite direction.
    """
    facts = servable.metadata
    wanted = settings_of_export(facts, settings) if isinstance(settings, str) else settings
    is_greedy = _is_greedy(facts, wanted)
    _check(servable, wanted, ("beam_size",) if is_greedy else ())
    is_draft = wanted.get("verified", False)
    if scorer is not None:
        if facts.rescored_by is not None and not is_draft:
            raise InputError(
                f"{servable.export_dir} holds the teacher that ranks its candidates; leave out "
                f"{scorer.export_dir}."
            )
        check_scorer_is_wanted(facts, wanted, scorer.export_dir)
        scorer.tell_misfit(facts.learnt, say, servable.export_dir)
    if is_draft:
        if scorer is None:
            raise InputError("verified=True makes drafts, which need a scorer to check them.")
        return _verified(servable, scorer, wanted)
    if name := _width(facts, wanted):
        width = wanted.get(name)
        if scorer is None:
            raise InputError(f"{name}={width} gives candidates, which a scorer must rank.")
        argument = {_WIDTHS[name][0]: np.int32(width)}
        servable.require(CANDIDATES)

        def candidates(inputs: Any) -> Any:
            return servable.call(CANDIDATES, inputs=inputs, **argument)["outputs"]

        return ranked(candidates, servable.is_graph, scorer, wanted.rescoring_alpha)
    signature = GREEDY if is_greedy else DECODE
    servable.require(signature)
    return _as_exported(servable, signature)


def _as_exported(servable: Servable, signature: str) -> Decode:
    def decode(inputs: np.ndarray) -> tuple[Any, Any]:
        result = servable.call(signature, inputs=inputs)
        return result["outputs"][:, None], result["scores"][:, None]

    return decode


def translator_of_export(
    servable: Servable,
    settings: HParams,
    encoders: dict[str, TextEncoder],
    scorer: "ExportedScorer | None" = None,
    say: Say = logging.warning,
) -> Translator:
    """Return a Translator on an open export.

    Sources of more tokens than it, or the scorer, takes are too long, unless max_input_size cuts
    them.

    Args:
        servable: the export.
        settings: as of `settings_of_export`.
        encoders: the vocabularies that it was made with.
        scorer: as of `decode_of_export`.
        say: as of it, too.

    Raises:
        InputError: as of `decode_of_export`, or a larger max_input_size than an export's.
    """
    exports = [servable] if scorer is None else [servable, scorer.export]
    longest = longest_source(settings.max_input_size, *exports)
    decode = decode_of_export(servable, settings, scorer, say)
    return Translator(decode, encoders, settings.batch_size, settings.max_input_size, longest)


def longest_source(kept: int, *exports: Servable) -> int:
    """Tokens of the longest source that all of some exports take.

    Args:
        kept: max_input_size.
        exports: what decodes and what judges it.

    Raises:
        InputError: one takes fewer than are to be kept.
    """
    limits = {one.export_dir: one.metadata.max_input_size for one in exports}
    known = {export_dir: limit for export_dir, limit in limits.items() if limit > 0}
    for export_dir, limit in known.items():
        if limit < kept:
            raise InputError(
                f"{export_dir} takes {limit} tokens of a source, not max_input_size={kept}: "
                "export the model again with that value."
            )
    return min(known.values(), default=LONGEST_SENTENCE)


def _is_greedy(facts: ExportMetadata, wanted: HParams) -> bool:
    is_beam = facts.strategy == registry.BEAM
    return is_beam and wanted.beam_size == 1 != facts.decode_hparams.get("beam_size")


def _check(servable: Servable, wanted: HParams, free: tuple[str, ...]) -> None:
    """Refuse what the export was made otherwise with.

    Raises:
        InputError: naming it.
    """
    if wanted.return_beams:
        raise InputError(
            f"return_beams=True has no effect on an export: {OF_COMMANDS['return_beams']}."
        )
    facts = servable.metadata
    if not set(_WIDTHS).isdisjoint(wanted):
        free = _CHANGEABLE if facts.rescored_by is None else tuple(_MEANT)
    if wanted.get("verified", False):
        free = (*free, *_OF_DRAFTS)
    made_with = {**t2t_hparams().values(), **facts.decode_hparams}
    if not set(wanted) <= made_with.keys() | set(free):
        made_with = {**decode_hparams("", facts.strategy).values(), **facts.decode_hparams}
    for name in (name for name in wanted if name not in {*free, *OF_COMMANDS, _LIMIT}):
        if wanted.get(name) != made_with[name]:
            raise InputError(
                f"{servable.export_dir} decodes with {name}={made_with[name]}, not "
                f"{wanted.get(name)}: export the model again with that value."
            )


def ranked(
    candidates: Callable[[Any], Any], is_graph: bool, scorer: "ExportedScorer", alpha: float
) -> Decode:
    """Candidates ranked by a scorer, all in one graph if both are graphs.

    Args:
        candidates: from inputs int32[B, S] to ids int32[B, C, L].
        is_graph: whether it can be traced.
        scorer: ranks them.
        alpha: of the length penalty on its scores.
    """

    def decode(inputs: Any) -> tuple[Any, Any]:
        return scorer.rank(inputs, candidates(inputs), alpha)

    return in_graph(decode) if is_graph and scorer.export.is_graph else decode


def _verified(servable: Servable, scorer: "ExportedScorer", wanted: HParams) -> Decode:
    """An export's translation as a draft that a scorer checks, pass by pass.

    Raises:
        InputError: the scorer can't say what it would choose.
    """
    servable.require(DECODE)
    scorer.export.require(CHOOSE)
    return Verified(
        _as_exported(servable, DECODE), scorer, wanted.extra_length, wanted.verified_tolerance
    )


def in_graph(decode: Callable[[Any], tuple[Any, Any]]) -> Decode:
    """Compile what decodes ids, for batches of any size."""
    import tensorflow as tf

    from t2t_hint_nart.decoding.strategy import IDS

    compiled: Decode = tf.function(decode, input_signature=[IDS], autograph=False)
    return compiled
