"""Fast, one-pass machine translation: hint-based training of non-autoregressive Transformers."""

__version__ = "0.1.0"
