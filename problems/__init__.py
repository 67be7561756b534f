"""The registered problems: which text, which languages, which vocabulary."""

from t2t_hint_nart.data import distill_problem  # noqa: F401
from t2t_hint_nart.problems import algorithmic  # noqa: F401
