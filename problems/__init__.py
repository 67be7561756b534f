"""The registered problems: which text, which languages, which vocabulary."""

from t2t_hint_nart.data import distill_problem  # noqa: F401 (registers `<problem>_distill`)
from t2t_hint_nart.problems import (  # noqa: F401
    algorithmic,
    text2text_tmpdir,
    translate_iwslt14,
    translate_multi30k,
    translate_quickstart,
    translate_tatoeba,
    translate_wmt,
)
