"""Exports: what they say about themselves, and how they are written, opened and called.

Importing this package loads no TensorFlow.
"""

from t2t_hint_nart import registry

registry.register_lazy_runtime(
    "saved_model",
    "t2t_hint_nart.exports.saved_model:SavedModelRuntime",
    "A TensorFlow SavedModel with the vocabulary in its graph.",
)
