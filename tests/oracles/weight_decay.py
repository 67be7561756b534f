"""Weight decay of tensor2tensor 1.2.9 and of 1.15, from arrays by T2T's own variables.

1.2.9 (model_builder.model_fn): rate * sum over variables of rank > 1 of l2_loss(v) / size(v)
1.15 (optimize.weight_decay): rate * sum over all variables but biases of l2_loss(v)
with l2_loss(v) = sum(v^2) / 2. An embedding table is several variables, its row blocks.
"""

import numpy as np


def l2_loss(array):
    """Half the sum of squares."""
    return (np.asarray(array, np.float64) ** 2).sum() / 2.0


def pieces_of_a_table(table, pieces):
    """Row blocks; the first V mod pieces have one row more."""
    return [block for block in np.array_split(table, pieces) if block.size]


def mean_form(arrays, rate):
    """1.2.9's; `arrays` are T2T's variables."""
    return rate * sum(l2_loss(array) / array.size for array in arrays if array.ndim > 1)


def sum_form(arrays, rate):
    """1.15's; `arrays` are T2T's variables but for vectors whose name ends in bias."""
    return rate * sum(l2_loss(array) for array in arrays)
