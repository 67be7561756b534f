"""The names of T2T's data_generators/text_encoder.py in one place, for problems that import it."""

from t2t_hint_nart.text import EOS_ID, PAD_ID
from t2t_hint_nart.text import NUM_RESERVED as NUM_RESERVED_TOKENS
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.reserved import EOS, PAD, RESERVED_TOKENS
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder

__all__ = [
    "EOS",
    "EOS_ID",
    "NUM_RESERVED_TOKENS",
    "PAD",
    "PAD_ID",
    "RESERVED_TOKENS",
    "ByteTextEncoder",
    "SubwordTextEncoder",
    "TokenTextEncoder",
]
