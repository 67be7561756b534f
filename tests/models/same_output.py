"""The comparison of two forward passes at real target positions."""

import numpy as np


def assert_same_output(got, expected, target_mask, rtol=1e-8):
    """Compare logits, states and attention of two outputs where the target is real.

    Args:
        got, expected: of `tiny_networks.run`, or the oracles' Forward.
        target_mask: bool[B, T], True = real token.
        rtol: relative to each array's largest entry too, entries near 0 being sums.
    """
    for field in ("logits", "hidden", "hidden_normed", "attention"):
        for b, real in enumerate(np.asarray(target_mask)):
            ours, theirs = getattr(got, field)[b], getattr(expected, field)[b]
            # The target axis is the first of logits and the last but one of the others.
            ours, theirs = (
                (ours[real], theirs[real])
                if field == "logits"
                else (ours[..., real, :], theirs[..., real, :])
            )
            np.testing.assert_allclose(
                ours, theirs, rtol, rtol * np.abs(theirs).max(initial=0.0), err_msg=field
            )
