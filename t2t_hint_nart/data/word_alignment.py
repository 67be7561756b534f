"""Which source token a target token translates, as a table of translations and a prior."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import written_whole

# Translations that are less probable aren't kept, and count as if they were this probable.
FLOOR = 1e-9


@dataclass(frozen=True, eq=False)
class WordAlignment:
    """What decides which source token each target token is aligned with.

    argmax_j log t(y_i | x_j) − λ·|j/S − i/T|, j = 1..S, i = 1..T, EOS not counted.

    Attributes:
        vocab_size: V, of the target.
        keys: int64[K], source id·V + target id, rising.
        log_probs: float32[K], log t of each, not below that of FLOOR, which all others have.
        tension: λ.
        digest: of the training data that it was measured on; "" where nobody knows.
    """

    vocab_size: int
    keys: np.ndarray
    log_probs: np.ndarray
    tension: float
    digest: str = ""

    def is_of_others(self, digest: str) -> bool:
        """Whether it was measured on other data than those of a digest, as far as both are known.

        Example:
            >>> import numpy as np
            >>> alignment = WordAlignment(9, np.array([]), np.array([]), 4.0, "ab")
            >>> alignment.is_of_others("cd"), alignment.is_of_others("")
            (True, False)
        """
        return bool(self.digest and digest) and self.digest != digest

    def write(self, path: str | Path) -> None:
        """Write it to an .npz file, whole or not at all."""
        with written_whole(path) as incomplete, incomplete.open("wb") as file:
            np.savez_compressed(
                file,
                vocab_size=self.vocab_size,
                keys=self.keys,
                log_probs=self.log_probs,
                tension=self.tension,
                digest=self.digest,
            )

    @classmethod
    def read(cls, path: str | Path) -> "WordAlignment":
        """Read what `write` has written; earlier versions' have no digest.

        Raises:
            InputError: it is damaged.
        """
        try:
            with np.load(path) as stored:
                return cls(
                    int(stored["vocab_size"]),
                    stored["keys"],
                    stored["log_probs"],
                    float(stored["tension"]),
                    str(stored["digest"]) if "digest" in stored else "",
                )
        except (ValueError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise InputError(f"{path} isn't an alignment of words: {error}; remove it.") from error
