"""A process: its threads, children, machine, what it prints at its start (no TensorFlow)."""
