"""Problems of translating sentences from one language into another."""

from t2t_hint_nart.data.text_problem import Text2TextProblem


class TranslateProblem(Text2TextProblem):
    """Base class of translation problems: as Text2TextProblem, but generated split by split.

    A subclass also sets `languages`.
    """

    @property
    def is_generate_per_split(self) -> bool:
        """Each split has its own text."""
        return True
