"""Length penalty of tensor2tensor's beam search (Wu et al. 2016): ((5 + length) / 6) ^ alpha."""


def length_penalty(length, alpha):
    """Divisor of a log probability; `length` counts EOS."""
    return ((5.0 + length) / 6.0) ** alpha


def normalized_score(log_prob, length, alpha):
    """log_prob / ((5 + length) / 6) ^ alpha."""
    return log_prob / length_penalty(length, alpha)
