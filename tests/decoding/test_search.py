"""The length penalty at known points."""

import numpy as np

from t2t_hint_nart.decoding.search import length_penalty


def test_known_values():
    np.testing.assert_allclose(length_penalty(1, 0.6), 1.0)
    np.testing.assert_allclose(length_penalty(7, 1.0), 2.0)
    np.testing.assert_allclose(length_penalty(19, 0.6), 2**1.2, rtol=1e-6)


def test_alpha_zero_is_no_penalty():
    np.testing.assert_array_equal(length_penalty(np.arange(1, 50), 0.0), np.ones(49))
