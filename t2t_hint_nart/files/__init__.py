"""Files that are whole, of one writer and what they say they are (no TensorFlow)."""
