"""Weight decay as T2T adds it to the loss, in the form of either of its versions."""

from collections.abc import Iterator, Mapping

import keras
import numpy as np
from keras import ops

from t2t_hint_nart.hparam import HParams

# Names of vectors that 1.15 takes for biases: those of projections and of layer norms.
_BIASES = ("bias", "beta")
# The end of an embedding table's name, which T2T stores in pieces.
_TABLE = "table"


def is_bias(name: str, shape: tuple[int, ...]) -> bool:
    """Whether T2T 1.15 leaves a variable out (optimize.weight_decay's heuristic).

    Example:
        >>> is_bias("encoder/final/norm/beta", (8,)), is_bias("encoder/final/norm/gamma", (8,))
        (True, False)
    """
    return len(shape) == 1 and name.rsplit("/", 1)[-1] in _BIASES


def weight_decay_loss(variables: Mapping[str, keras.Variable], hparams: HParams):
    """Weight decay float[] with the set's weight_decay as its rate.

    Where weight_decay_reduction is `mean`, rate · Σ ½‖v‖² / size(v) over variables of rank 2 and
    more, as T2T 1.2.9 has it (utils/model_builder.py), an embedding table being its
    symbol_modality_num_shards row blocks. Where it is `sum`, rate · Σ ½‖v‖² over all variables but
    biases, as in 1.15 (utils/optimize.py); the scale of a layer norm is no bias and decays. What
    isn't trained, as counts of codewords, doesn't.

    Args:
        variables: of a model, by their paths.
        hparams: a set.
    """
    variables = {name: variable for name, variable in variables.items() if variable.trainable}
    in_means = hparams.get("weight_decay_reduction", "mean") == "mean"
    pieces = hparams.get("symbol_modality_num_shards", 1)
    terms = _means(variables, pieces) if in_means else _sums(variables)
    return hparams.weight_decay * sum(terms)


def _sums(variables: Mapping[str, keras.Variable]) -> Iterator:
    for name, variable in variables.items():
        if not is_bias(name, tuple(variable.shape)):
            yield 0.5 * ops.sum(ops.square(variable))


def _means(variables: Mapping[str, keras.Variable], pieces: int) -> Iterator:
    for name, variable in variables.items():
        if len(variable.shape) < 2:
            continue
        squares = ops.mean(ops.square(variable), axis=-1)
        if name.rsplit("/", 1)[-1] == _TABLE:
            rows = np.asarray(_rows(variable.shape[0], pieces))
            of_row = np.repeat(1.0 / rows, rows)
            yield 0.5 * ops.sum(squares * ops.cast(of_row, squares.dtype))
        else:
            yield 0.5 * ops.mean(squares)


def _rows(vocab_size: int, pieces: int) -> list[int]:
    """Rows of a table's pieces: the first V mod pieces have one more; those without are left out.

    Example:
        >>> _rows(10, 4), _rows(2, 4)
        ([3, 3, 2, 2], [1, 1])
    """
    rows = (vocab_size // pieces + (i < vocab_size % pieces) for i in range(pieces))
    return [count for count in rows if count]
