"""Exports: what they say about themselves, and how they are written, opened and called.

Importing this package loads no TensorFlow.
"""

from t2t_hint_nart import registry

registry.register_lazy_runtime(
    "saved_model",
    "t2t_hint_nart.exports.saved_model:SavedModelRuntime",
    "A TensorFlow SavedModel with the vocabulary in its graph.",
)
for _bits, _name in (("", ""), ("_int8", "Int8")):
    registry.register_lazy_runtime(
        f"litert{_bits}",
        f"t2t_hint_nart.exports.litert:LiteRt{_name}Runtime",
        "LiteRT: students that translate, teachers that score, one sentence at a time on a CPU.",
    )
    registry.register_lazy_runtime(
        f"ctranslate2{_bits}",
        f"t2t_hint_nart.exports.ctranslate2:CTranslate2{_name}Runtime",
        "CTranslate2: Transformer teachers that translate by beam search, and score.",
    )
