"""What a second pass is shown, against its oracle."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.losses.term import Step
from t2t_hint_nart.models.network import Output
from t2t_hint_nart.training.glancing import Glancing, shown_positions
from tests.oracles import ctc as ctc_oracle
from tests.oracles import glancing as oracle

RNG = np.random.default_rng(11)
MASK = np.array([[True] * 6, [True] * 4 + [False] * 2, [True] + [False] * 5])


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 1.0])
def test_as_many_are_shown_as_the_distance_says_and_those_that_are_drawn(ratio):
    wrong, draws = RNG.random(MASK.shape) < 0.6, RNG.random(MASK.shape)
    draws[0, :3] = 0.25  # equal ones, too
    got = shown_positions(*map(tf.constant, (wrong, MASK, np.float32(ratio), draws))).numpy()
    for row, real in enumerate(MASK):
        count = oracle.count_to_reveal(ratio, int((wrong[row] & real).sum()))
        np.testing.assert_array_equal(got[row], oracle.revealed(count, draws[row], real))


def hparams_set(**changes):
    hparams = registry.hparams("transformer_nat_ctc_multi30k")
    falling = {"glancing_ratio": 0.5, "glancing_ratio_end": 0.3, "glancing_steps": 0}
    return hparams.override_from_dict(falling | changes)


def test_the_ratio_falls_in_a_straight_line_and_stays():
    hparams = hparams_set(glancing_steps=8)
    glancing = Glancing(hparams, registry.criterion("ctc"))
    for updates in (0, 3, 8, 20):
        wanted = oracle.ratio_at(updates, 0.5, 0.3, 8)
        assert float(glancing.ratio(tf.constant(updates))) == pytest.approx(wanted)


@pytest.mark.parametrize(("accumulate", "updates"), [(0, 8), (2, 4)])
def test_it_falls_over_all_of_training_by_default(accumulate, updates):
    hparams = hparams_set(optimizer_multistep_accumulate_steps=accumulate)
    glancing = Glancing(hparams, registry.criterion("ctc"))
    with pytest.raises(InputError, match="glancing_steps is 0, for all of training's, and train_"):
        glancing.ratio(tf.constant(0))
    hparams.add_hparam("train_steps", 8)
    for share in (0.0, 0.5, 1.0):
        got = float(glancing.ratio(tf.constant(int(share * updates))))
        assert got == pytest.approx(0.5 - 0.2 * share)


@pytest.mark.parametrize("name", ["likelihood", "ctc"])
def test_what_is_shown_is_what_the_criterion_wants(name):
    logits = 3 * RNG.normal(size=(3, 6, 5))
    targets = np.array([[2, 3, 3, 1, 0, 0], [4, 1, 0, 0, 0, 0], [3, 2, 1, 0, 0, 0]])
    mask = targets != 0 if name == "likelihood" else MASK
    step = Step(None, None, tf.constant(targets, tf.int32), Output(logits, tf.constant(mask)))
    glancing = Glancing(hparams_set(glancing_ratio=1.0, glancing_steps=1), registry.criterion(name))
    canvas = glancing.canvas(step, tf.constant(0))
    tokens, known = canvas.tokens.numpy(), canvas.known.numpy()
    # A third sentence of two labels has no path of one position.
    assert known[:2].any() and known[2].any() == (name == "likelihood")
    for row in range(2):
        real = mask[row]
        if name == "likelihood":
            wanted = targets[row]
        else:
            log_probs = ctc_oracle.log_probs_of(logits[row, real])
            labels = [label for label in targets[row] if label > 1]
            wanted = [*ctc_oracle.viterbi(log_probs, labels)[0], *[0] * int((~real).sum())]
        guess = [int(np.argmax(values)) for values in logits[row]]
        assert known[row].sum() == oracle.hamming(guess, wanted, real)
        np.testing.assert_array_equal(tokens[row], np.where(known[row], wanted, 0))
