"""Tests; they mirror the package, and hold the NumPy oracles it is compared with."""
