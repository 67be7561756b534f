"""Names of evaluation metrics, their TensorBoard tags, and which way is better (no TensorFlow)."""

from t2t_hint_nart.errors import InputError, nearest

# T2T's names. Higher is better for all but the loss.
METRICS = (
    "loss",
    "accuracy",
    "accuracy_top5",
    "accuracy_per_sequence",
    "neg_log_perplexity",
    "approx_bleu_score",
    "rouge_2_fscore",
    "rouge_L_fscore",
)
# Scores of decoded text, 0 to 100, as t2t-bleu and sacrebleu print them.
DECODED_METRICS = ("BLEU_cased", "BLEU_uncased", "BLEU_13a")
_LOWER_IS_BETTER = ("loss",)


def metric_tag(name: str, problem: str) -> str:
    """Return a metric's tag in eval/, as in T2T 1.15.

    Example:
        >>> metric_tag("accuracy", "translate_toy"), metric_tag("loss", "translate_toy")
        ('metrics-translate_toy/targets/accuracy', 'loss')
    """
    if name in (*_LOWER_IS_BETTER, *DECODED_METRICS):
        return name
    return f"metrics-{problem}/targets/{name}"


def metric_name(name_or_tag: str) -> str:
    """Return the metric that a name or one of T2T's tags means.

    Raises:
        InputError: there is no such metric.

    Example:
        >>> metric_name("metrics-translate_ende_wmt32k/targets/accuracy")
        'accuracy'
    """
    name = name_or_tag.rsplit("/", 1)[-1]
    known = (*METRICS, *DECODED_METRICS)
    if name not in known:
        raise InputError(
            f"Unknown metric {name_or_tag!r}; allowed are {', '.join(known)}.{nearest(name, known)}"
        )
    return name


def lower_is_better(name: str) -> bool:
    """Whether a metric is to be minimised.

    Example:
        >>> lower_is_better("loss"), lower_is_better("BLEU_cased")
        (True, False)
    """
    return name in _LOWER_IS_BETTER
