"""T2T's metrics of whole batches, and the names of metrics."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.approx_bleu import approx_bleu
from t2t_hint_nart.models.network import Output
from t2t_hint_nart.training.evaluation import make_evaluation
from t2t_hint_nart.training.metric_names import lower_is_better, metric_name, metric_tag
from tests.training.tiny_learner import make_learner

pytestmark = pytest.mark.usefixtures("eager_functions")

VOCAB = 11


def evaluate(ranks, targets, **options):
    """Evaluate logits by which the target has the given rank, 0 the best, at each position."""
    targets = np.asarray(targets, np.int32)
    logits = np.zeros((*targets.shape, VOCAB), np.float32)
    for place, target in np.ndenumerate(targets):
        others = [id_ for id_ in range(2, VOCAB) if id_ != target]
        order = [*others[: ranks[place]], target, *others[ranks[place] :]]
        logits[place][order] = -np.arange(len(order), dtype=np.float32)
        logits[place][[id_ for id_ in (0, 1) if id_ != target]] = -50.0
    learner = make_learner("transformer", "transformer_small")
    output = Output(tf.constant(logits), targets != 0)
    learner.network = lambda inputs, targets, training: output
    batch = {"inputs": tf.constant(targets), "targets": tf.constant(targets)}
    batches = tf.data.Dataset.from_tensors(batch)
    return make_evaluation(learner, batches, **options)(0), logits.argmax(-1)


def test_top5_and_whole_sentences():
    targets = [[5, 6, 1, 0], [7, 8, 9, 1], [4, 1, 0, 0]]
    # Wrong in a padded position: no matter.
    ranks = np.array([[0, 0, 0, 3], [0, 4, 5, 0], [0, 0, 7, 7]])
    scalars, _ = evaluate(ranks, targets)
    assert scalars["accuracy"] == pytest.approx(7 / 9)
    assert scalars["accuracy_top5"] == pytest.approx(8 / 9)
    assert scalars["accuracy_per_sequence"] == pytest.approx(2 / 3)
    assert "approx_bleu_score" not in scalars


def test_sentence_metrics():
    targets = [[5, 6, 7, 8, 9, 1, 0]]
    scalars, predicted = evaluate(np.array([[0, 0, 0, 0, 2, 0, 0]]), targets, sentence_metrics=True)
    assert scalars["approx_bleu_score"] == pytest.approx(approx_bleu(predicted, targets))
    assert 0.0 < scalars["approx_bleu_score"] < 1.0
    assert 0.0 < scalars["rouge_2_fscore"] < 1.0 and 0.0 < scalars["rouge_L_fscore"] < 1.0


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("loss", "loss"),
        ("metrics-translate_ende_wmt32k/neg_log_perplexity", "neg_log_perplexity"),
        ("metrics-x/targets/rouge_L_fscore", "rouge_L_fscore"),
        ("BLEU_cased", "BLEU_cased"),
    ],
)
def test_names_and_tags(given, name):
    assert metric_name(given) == name
    assert metric_name(metric_tag(name, "x")) == name
    assert lower_is_better(name) == (name == "loss")


def test_unknown_metric():
    with pytest.raises(InputError, match=r"Unknown metric 'acuracy'; .* Did you mean 'accuracy'"):
        metric_name("acuracy")
