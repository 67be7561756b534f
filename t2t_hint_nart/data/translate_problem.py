"""Problems of translating sentences from one language into another."""

from t2t_hint_nart.data.text_problem import Text2TextProblem


class TranslateProblem(Text2TextProblem):
    """Base class of translation problems: as Text2TextProblem, but generated split by split.

    Attributes:
        source_language: language code of the stored inputs, such as "de".
        target_language: language code of the stored targets.
    """

    source_language: str = ""
    target_language: str = ""

    @property
    def is_generate_per_split(self) -> bool:
        """Each split has its own text."""
        return True
