"""Each formula of the library once more, in NumPy float64 and plain loops, from its source."""
