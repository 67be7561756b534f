"""Decoding: searches, the one-pass decoder and rescoring, over callables instead of models."""
