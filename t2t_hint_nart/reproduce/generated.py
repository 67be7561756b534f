"""One sentence as a model generates it: its tokens, and what was inside the decoder meanwhile."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.text import EOS_ID, PAD_ID
from t2t_hint_nart.text.reserved import token_labels

# inputs int[B, S] → ids int[B, L], PAD after EOS.
DecodeIds = Callable[[np.ndarray], np.ndarray]
# inputs int[B, S], targets int[B, T] → NumPy arrays.
Hints = Callable[[np.ndarray, np.ndarray], DecoderOutput]


class Generated(NamedTuple):
    """A generated sentence.

    Attributes:
        tokens: its ids, EOS last if there is one.
        output: of one sentence; has a position for each token, perhaps more after them.
        self_attention: by name, if it was looked at; float[1, layers, H, T, T] of one sentence.
    """

    tokens: list[int]
    output: DecoderOutput
    self_attention: Mapping[str, np.ndarray] = MappingProxyType({})


def generate_by_search(decode: DecodeIds, hints: Hints, source: Sequence[int]) -> Generated:
    """A teacher's translation, and its states under teacher forcing with it.

    Args:
        decode: searches.
        hints: the teacher's.
        source: ids, EOS last.
    """
    inputs = np.asarray([source], np.int32)
    tokens = np.asarray(decode(inputs)[0])
    kept = tokens[tokens != PAD_ID].tolist()
    return Generated(kept, hints(inputs, np.asarray([kept or [EOS_ID]], np.int32)))


def generate_in_one_pass(hints: Hints, length_bias: int, source: Sequence[int]) -> Generated:
    """A student's translation with Tx + C tokens, and its states, of one and the same pass.

    Args:
        hints: the student's.
        length_bias: C.
        source: ids, EOS last.
    """
    length = max(len(source) + length_bias, 1)
    output = hints(np.asarray([source], np.int32), np.ones([1, length], np.int32))
    tokens = output.logits[0, :, 1:].argmax(-1) + 1  # PAD is never generated
    ends = np.flatnonzero(tokens == EOS_ID)
    kept = tokens[: ends[0] + 1] if len(ends) else tokens
    return Generated(kept.tolist(), output)


def pieces(encoder: TextEncoder, ids: Sequence[int]) -> list[str]:
    """Return what each id stands for, as a label."""
    return token_labels(ids, encoder.decode_list(ids))
