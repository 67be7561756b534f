"""Fast, one-pass machine translation: hint-based training of non-autoregressive Transformers."""

from t2t_hint_nart.startup_noise import silence_startup_noise

__version__ = "0.1.0"

# Before TensorFlow is imported; that doesn't happen here.
silence_startup_noise()
