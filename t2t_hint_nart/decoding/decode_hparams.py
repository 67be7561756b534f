"""The decoding hparams of T2T, and those that a strategy adds."""

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import AT_LEAST_0, AT_LEAST_1
from t2t_hint_nart.hparam_syntax import Interval, UnknownHParamError

# Accepted under T2T's names, with the only value that there is here, and why there is no other.
_FIXED = {
    "save_images": (False, "there are no images"),
    "skip_eos_postprocess": (False, "a translation ends before EOS"),
    "num_decodes": (1, "decoding isn't random"),
    "force_decode_length": (False, "a beam ends with EOS, a student's length is given by C and B"),
    "eos_penalty": (0.0, "not carried over"),
    "min_length_ratio": (0.0, "not carried over"),
    "decode_timeout_mins": (240, "t2t-translate-all waits, for --wait_minutes"),
    "summaries_log_dir": ("decode", "t2t-bleu --event_dir writes the curves of BLEU"),
    "decode_in_memory": (False, "every decode is written when it is complete"),
}
_ONE_LINE = "it gives the best translation of a sentence and its score"
_NO_FILES = "it reads and writes no files"
# What a command does with sentences, an export can't: their names, and why.
OF_COMMANDS = {
    "batch_size": "who calls it makes the batches",
    "return_beams": _ONE_LINE,
    "write_beam_scores": _ONE_LINE,
    "identity_output": "its signature decode gives ids",
    "log_results": "it tells nothing",
    "num_samples": "it translates all that it is given",
    "delimiter": _NO_FILES,
    "shards": _NO_FILES,
    "shard_id": _NO_FILES,
    "shards_start_offset": _NO_FILES,
    "shard_google_format": _NO_FILES,
    "decode_to_file": _NO_FILES,
    "decode_reference": _NO_FILES,
}
# Which numbers are allowed.
_BOUNDS = {
    "alpha": AT_LEAST_0,
    "batch_size": AT_LEAST_0,
    "beam_size": AT_LEAST_1,
    "extra_length": AT_LEAST_0,
    "max_input_size": Interval(low=-1),
    "num_samples": Interval(low=-1),
    "shard_id": AT_LEAST_0,
    "shards": AT_LEAST_1,
    "shards_start_offset": AT_LEAST_0,
}


def decode_hparams(overrides: str = "", strategy: str = registry.BEAM) -> HParams:
    """Return T2T 1.2.9's decoding hparams and a strategy's own, with overrides ("beam_size=1").

    beam_size, alpha: beam search; a beam of 1 is greedy. For a student, given explicitly, they mean
      what they mean in the fork: length_halfwidth = beam_size - 1 and rescoring_alpha = alpha,
      unless those are given too.
    extra_length: most target tokens beyond the source's length (with EOS); 100 in T2T 1.15.
    batch_size: sentences a batch; 0 means 32.
    return_beams, write_beam_scores: all hypotheses of a sentence on its line, tab-separated. A beam
      that had no end within the length limit is empty, with the score -1e7.
    max_input_size: source tokens kept, EOS among them; -1 or 0 for all, and of an export for what
      `Strategy.exported_input_size` says.
    num_samples: of a data set, decode so many sentences; -1 for all. Of a typed sentence, show so
      many hypotheses.
    delimiter: between the sentences of a file.
    identity_output: write ids instead of text.
    log_results: tell input and output of every sentence.
    shards, shard_id, shards_start_offset, shard_google_format: which part of a divided file, set
      by --decode_shards and --worker_id; see serving.decodes.
    decode_to_file, decode_reference: as the flags of these names.

    The others of T2T 1.15 accept their default alone. A strategy's own are at its `add_hparams`.

    Args:
        overrides: as in --decode_hparams.
        strategy: registered name.

    Raises:
        InputError: a name that the strategy doesn't have, or a value that isn't allowed.

    Example:
        >>> decode_hparams("beam_size=1").beam_size
        1
        >>> decode_hparams("beam_size=5", "one_pass").length_halfwidth
        4
    """
    hparams = t2t_hparams()
    chosen, shared = registry.strategy(strategy), set(hparams)
    chosen.add_hparams(hparams)
    # Parsed a second time without defaults, to know what was given.
    given = hparams.copy()
    for name, scalar_type in (("beam_size", int), ("alpha", float)):
        given.del_hparam(name)
        given.add_hparam(name, None, scalar_type)
    try:
        given.parse(overrides)
    except UnknownHParamError as error:
        own = ", ".join(name for name in hparams if name not in shared) or "none"
        raise InputError(
            f"{error} (strategy '{strategy}', which adds to T2T's decode hparams: {own})"
        ) from error
    hparams.parse(overrides)
    chosen.settle(hparams, given)
    return hparams


def t2t_hparams() -> HParams:
    """Return T2T's decode hparams without any strategy's own."""
    hparams = HParams(
        beam_size=4,
        alpha=0.6,
        extra_length=50,
        batch_size=0,
        return_beams=False,
        write_beam_scores=False,
        max_input_size=-1,
        num_samples=-1,
        delimiter="\n",
        identity_output=False,
        log_results=False,
        shards=1,
        shard_id=0,
        shards_start_offset=0,
        shard_google_format=False,
        decode_to_file="",
        decode_reference="",
    )
    for name, (value, reason) in _FIXED.items():
        hparams.add_hparam(name, value)
        hparams.restrict(name, (value,), reason)
    for name, bounds in _BOUNDS.items():
        hparams.restrict(name, bounds)
    return hparams


def without_candidates(settings: HParams, strategy: str) -> HParams:
    """Return the settings of an export whose candidates are asked for, and ranked, outside of it.

    Args:
        settings: of the strategy.
        strategy: registered name.

    Example:
        >>> settings = decode_hparams("length_halfwidth=4,dedup=True", "one_pass")
        >>> alone = without_candidates(settings, "one_pass")
        >>> alone.length_halfwidth, alone.dedup
        (0, True)
    """
    plain, found = decode_hparams("", strategy), settings.copy()
    for name in registry.strategy(strategy).of_candidates:
        found.set_hparam(name, plain.get(name))
    return found


def exported_names(settings: HParams, strategy: str, holds_scorer: bool = False) -> tuple[str, ...]:
    """Return the names of the decode hparams by which an export translates.

    Without max_input_size, which is of all its signatures.

    Args:
        settings: of the strategy.
        strategy: registered name.
        holds_scorer: whether the export ranks candidates itself.

    Raises:
        InputError: one of the others isn't as it is by default: it would have no effect.
    """
    chosen = registry.strategy(strategy)
    reasons = {**OF_COMMANDS, **chosen.not_exported}
    if holds_scorer:
        reasons = {n: reason for n, reason in reasons.items() if n not in chosen.of_candidates}
    defaults = decode_hparams("", strategy)
    for name, reason in reasons.items():
        value = settings.get(name)
        if reason and value != defaults.get(name):
            raise InputError(f"{name}={value} has no effect on an export: {reason}.")
    return tuple(name for name in settings if name not in {*reasons, *_FIXED, "max_input_size"})
