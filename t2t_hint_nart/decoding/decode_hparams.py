"""The decoding hparams of T2T and of its non-autoregressive fork (no TensorFlow)."""

from t2t_hint_nart.hparam import HParams


def decode_hparams(overrides: str = "") -> HParams:
    """Return T2T 1.2.9's decoding hparams with overrides, e.g. "beam_size=1,alpha=0.0".

    beam_size, alpha: beam search of the teacher; a beam of 1 is greedy.
    extra_length: most target tokens beyond the source's length (with EOS).
    batch_size: sentences a batch; 0 means 32.
    return_beams, write_beam_scores: all hypotheses of a sentence on its line, tab-separated.
    max_input_size: source tokens kept, EOS besides; -1 for all.
    stopping: rule of the beam search, "1.2.9" or "best_finished" (T2T 1.15).
    length_bias: C of the student; None takes the one measured in training.
    length_halfwidth: B of the student, 2B + 1 candidate lengths; the fork's beam_size − 1.
    rescoring_alpha: length penalty of the teacher's scores, 0 in the paper, 0.6 in the fork.
    dedup: merge adjacent repeated tokens of the student (the fork's --dedup).

    Example:
        >>> decode_hparams("beam_size=1").beam_size
        1
    """
    hparams = HParams(
        beam_size=4,
        alpha=0.6,
        extra_length=50,
        batch_size=0,
        return_beams=False,
        write_beam_scores=False,
        max_input_size=-1,
        stopping="1.2.9",
        length_halfwidth=0,
        rescoring_alpha=0.0,
        dedup=False,
    )
    hparams.add_hparam("length_bias", None, int)
    return hparams.parse(overrides) if overrides else hparams
