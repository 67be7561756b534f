"""Scores of finished translations: takes strings, arrays and callables, never a model.

Each measurement is a module of its own, imported by its full name, so that timing a callable does
not load the BLEU library and the other way round.
"""
