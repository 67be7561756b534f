"""The decoding hparams of T2T and of its non-autoregressive fork (no TensorFlow)."""

from t2t_hint_nart.hparam import HParams

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


def decode_hparams(overrides: str = "") -> HParams:
    """Return T2T 1.2.9's decoding hparams with overrides, e.g. "beam_size=1,alpha=0.0".

    beam_size, alpha: beam search of the teacher; a beam of 1 is greedy. For a student, given
      explicitly, they mean what they mean in the fork: length_halfwidth = beam_size - 1 and
      rescoring_alpha = alpha, unless those are given too.
    extra_length: most target tokens beyond the source's length (with EOS); 100 in T2T 1.15.
    batch_size: sentences a batch; 0 means 32.
    return_beams, write_beam_scores: all hypotheses of a sentence on its line, tab-separated. A beam
      that had no end within the length limit is empty, with the score -1e7.
    max_input_size: source tokens kept, EOS among them; -1 for all.
    num_samples: of a data set, decode so many sentences; -1 for all. Of a typed sentence, show so
      many hypotheses.
    delimiter: between the sentences of a file.
    identity_output: write ids instead of text.
    log_results: tell input and output of every sentence.
    shards, shard_id, shards_start_offset, shard_google_format: which part of a divided file, set
      by --decode_shards and --worker_id; see serving.decodes.
    decode_to_file, decode_reference: as the flags of these names.
    stopping: rule of the beam search, "1.2.9" or "best_finished" (T2T 1.15); with return_beams it
      ends when no beam can be displaced.
    length_bias: C of the student; None takes the one measured in training.
    use_inputs_length: lengths are the source's + length_bias, 0 if not given (the fork's).
    length_halfwidth: B of the student, 2B + 1 candidate lengths; the fork's beam_size − 1.
    rescoring_alpha: length penalty of the teacher's scores, 0 in the paper, 0.6 in the fork.
    dedup: merge adjacent repeated tokens of the student (the fork's --dedup).

    The others of T2T 1.15 accept their default alone.

    Example:
        >>> decode_hparams("beam_size=1").beam_size
        1
        >>> decode_hparams("beam_size=5").length_halfwidth
        4
    """
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
        stopping="1.2.9",
        use_inputs_length=False,
        dedup=False,
    )
    hparams.add_hparam("length_bias", None, int)
    hparams.add_hparam("length_halfwidth", None, int)
    hparams.add_hparam("rescoring_alpha", None, float)
    for name, (value, reason) in _FIXED.items():
        hparams.add_hparam(name, value)
        hparams.restrict(name, (value,), reason)
    hparams.restrict("stopping", ("1.2.9", "best_finished"), "the rules of T2T 1.2.9 and 1.15")
    return _with_the_forks_meanings(hparams, overrides)


def _with_the_forks_meanings(hparams: HParams, overrides: str) -> HParams:
    """Parse overrides and settle what a student takes from the teacher's names."""
    # Parsed a second time without defaults, to know what was given.
    given = hparams.copy()
    for name, scalar_type in (("beam_size", int), ("alpha", float)):
        given.del_hparam(name)
        given.add_hparam(name, None, scalar_type)
    given.parse(overrides)
    hparams.parse(overrides)
    if hparams.length_halfwidth is None:
        hparams.length_halfwidth = 0 if given.beam_size is None else max(given.beam_size - 1, 0)
    if hparams.rescoring_alpha is None:
        hparams.rescoring_alpha = given.alpha or 0.0
    if hparams.use_inputs_length and hparams.length_bias is None:
        hparams.length_bias = 0
    return hparams
