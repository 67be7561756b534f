"""The paper's two hints (section 2.2). Importing this package loads no Keras."""

from t2t_hint_nart import registry

registry.register_lazy_term(
    "hint_hidden",
    "t2t_hint_nart.hints.hidden:HiddenHintTerm",
    "Penalises decoder states that are more alike than the teacher's (paper section 2.2).",
)
registry.register_lazy_term(
    "hint_align",
    "t2t_hint_nart.hints.alignment:AlignmentHintTerm",
    "Divergence of encoder-decoder attention from the teacher's (paper section 2.2).",
)
