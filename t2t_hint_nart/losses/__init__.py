"""Loss terms, criteria and the likelihood; they know no model. Importing this loads no Keras."""

from t2t_hint_nart import registry

registry.register_lazy_criterion(
    "likelihood",
    "t2t_hint_nart.losses.likelihood:Likelihood",
    "Label-smoothed likelihood of every target token, position by position.",
)
registry.register_lazy_criterion(
    "ctc",
    "t2t_hint_nart.losses.ctc:Ctc",
    "Likelihood of the target under every alignment with a longer output.",
)
registry.register_lazy_term(
    "nmla",
    "t2t_hint_nart.losses.nmla:NmlaTerm",
    "Share of the target's bigrams that a collapsed output is expected to have, negated.",
)
