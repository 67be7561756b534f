"""Checkpoints of tensor2tensor itself: read into this library's, and written back."""
