import numpy as np

from t2t_hint_nart.text import EOS_ID, NUM_RESERVED, PAD_ID
from t2t_hint_nart.text.reserved import RESERVED_TOKENS, first_ids, sentence_ids


def test_ids_are_those_of_t2t():
    assert (PAD_ID, EOS_ID, NUM_RESERVED) == (0, 1, 2)
    assert RESERVED_TOKENS == ("<pad>", "<EOS>")


def test_sentence_ends_at_the_first_eos_and_has_no_padding():
    assert sentence_ids(np.array([5, 0, 6, 1, 7, 1, 0])) == [5, 6]
    assert sentence_ids([1, 5]) == []
    assert sentence_ids([]) == []


def test_what_is_cut_off_takes_the_last_place_for_eos():
    assert first_ids([5, 6, 7, EOS_ID], 3) == [5, 6, EOS_ID]
    assert first_ids(np.array([5, 6, EOS_ID]), 3) == [5, 6, EOS_ID]
    assert first_ids([5, 6, EOS_ID], 1) == [EOS_ID]
    assert first_ids([5, 6, EOS_ID], -1) == first_ids([5, 6, EOS_ID], 0) == [5, 6, EOS_ID]
