"""German-English translation in minutes: the sentences of a small course.

What the text is: the wheel `auf-deutsch` 0.1.1 on the Python package index (MIT), an A1-A2 course
of German for speakers of English, of unstated authorship. It shows that the machinery works; it is
not a benchmark, and its scores compare with nothing but each other.

How it is divided: of 2,676 texts with a translation, 34 in grammar notation or with unclear
alternatives are left out; notes in brackets go; of several English wordings the first stays; texts
of several sentences become one pair a sentence where both sides agree on the sentences, and are
left out where they do not (3). That makes 2,929 distinct pairs: 200 test, 150 development and
2,579 training pairs. Held-out pairs are full sentences with at least three English words, and
neither of their sides occurs in any other pair (compared without case and punctuation), so nothing
leaks. Vocabulary entries ("der Bahnhof") are all in the training set.
"""

from typing import TYPE_CHECKING

from t2t_hint_nart.data.problem import PathLike, train_dev_test
from t2t_hint_nart.data.tfds_problem import TfdsTranslateProblem
from t2t_hint_nart.registry import register_problem

if TYPE_CHECKING:
    from t2t_hint_nart.problems.builders.auf_deutsch import AufDeutsch


@register_problem
class TranslateDeenQuickstart(TfdsTranslateProblem):
    """German to English, 2,579 short sentences of a course: minutes on a CPU, not a benchmark."""

    approx_vocab_size = 2**11
    dataset_splits = train_dev_test(10)
    languages = ("de", "en")

    def builder(self, tmp_dir: PathLike) -> "AufDeutsch":
        """Return the builder of the course's sentences."""
        from t2t_hint_nart.problems.builders.auf_deutsch import AufDeutsch

        return AufDeutsch(data_dir=self.tfds_dir(tmp_dir))

    def fetch_manual_files(self, tmp_dir: PathLike) -> None:
        """Download the wheel unless tmp_dir has it.

        Raises:
            InputError: it cannot be downloaded, or has another checksum.
        """
        from t2t_hint_nart.problems.builders.auf_deutsch import AufDeutsch

        wheel = AufDeutsch.WHEEL
        self.progress(f"{wheel.filename}: looked for in {tmp_dir}, else downloaded with pip")
        wheel.fetch(tmp_dir)
