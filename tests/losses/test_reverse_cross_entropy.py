"""The reverse cross-entropy, against a loop."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.losses.reverse_cross_entropy import reverse_cross_entropy
from tests.central_differences import central_differences
from tests.oracles import fertility_tuning as oracle

RNG = np.random.default_rng(1)


def loops(logits, judged):
    return [
        [oracle.reverse_cross_entropy(p.tolist(), q.tolist()) for p, q in zip(*rows, strict=True)]
        for rows in zip(logits, judged, strict=True)
    ]


def test_it_equals_the_loop_and_its_gradient_goes_through_p_alone():
    logits, judged = (tf.Variable(RNG.normal(0, 2, (2, 3, 5))) for _ in range(2))
    with tf.GradientTape() as tape:
        found = reverse_cross_entropy(logits, judged)
        total = tf.reduce_sum(found)
    np.testing.assert_allclose(found, loops(logits.numpy(), judged.numpy()), rtol=1e-12)
    to_p, to_q = tape.gradient(total, [logits, judged])
    expected = central_differences(lambda p: np.sum(loops(p, judged.numpy())), logits.numpy())
    np.testing.assert_allclose(to_p, expected, rtol=1e-6, atol=1e-7)
    assert to_q is None


def test_what_the_judge_would_say_costs_least():
    judged = RNG.normal(0, 3, (1, 1, 6))
    costs = [
        float(reverse_cross_entropy(40.0 * np.eye(6)[[[best]]], judged)[0, 0]) for best in range(6)
    ]
    assert int(np.argmin(costs)) == int(np.argmax(judged))
