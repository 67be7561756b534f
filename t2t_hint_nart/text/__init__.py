"""Text in and out of ids: tensor2tensor's vocabularies, in Python and inside the graph."""

PAD_ID = 0
EOS_ID = 1
NUM_RESERVED = 2

__all__ = ["EOS_ID", "NUM_RESERVED", "PAD_ID"]
