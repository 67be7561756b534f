"""Tests of the registered problems and what they are made of."""
