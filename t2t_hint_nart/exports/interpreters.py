"""Interpreters of one file: one for everything, and some for what comes again and again."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

# Of ai_edge_litert, which has no types: called with tensors by name.
Runners = Mapping[str, Any]
# So many plans take as long as making an interpreter (LiteRT, 3+3 layers of width 128: 34).
WORTH = 32
# Of a file times the interpreters besides the first; in memory each is two to three times the file.
MOST_BYTES = 24 * 2**20


class Interpreters:
    """Calls signatures; who calls with other shapes than before pays for a plan of the memory.

    That is a quarter of a millisecond, as much as a short sentence itself. Shapes that have paid
    so often that an interpreter of their own would have cost no more get one, while there is room:
    whatever comes, that takes at most twice the time of who had known it.

    Args:
        make: the signatures of a new interpreter, by name.
        size: of the file, in bytes.
    """

    def __init__(self, make: Callable[[], Runners], size: int):
        self._make = make
        self._room = MOST_BYTES // max(size, 1)
        self._shared = make()
        self._own: dict[Any, Runners] = {}
        self._planned: dict[str, Any] = {}
        self._plans: Counter[Any] = Counter()

    @property
    def signatures(self) -> list[str]:
        """Their names, sorted."""
        return sorted(self._shared)

    def takes_some(self, signature: str, name: str) -> bool:
        """Whether a tensor of a signature has any number of rows; not if there is no signature."""
        if signature not in self._shared:
            return False
        rows: int = self._shared[signature].get_input_details()[name]["shape_signature"][0]
        return rows < 0

    def __call__(self, signature: str, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Call a signature with tensors by name."""
        shapes = (signature, *(values.shape for values in tensors.values()))
        runners = self._own.get(shapes) or self._for(shapes)
        called: dict[str, np.ndarray] = runners[signature](**tensors)
        return called

    def _for(self, shapes: tuple[Any, ...]) -> Runners:
        signature = shapes[0]
        if self._planned.get(signature) == shapes:
            return self._shared
        self._plans[shapes] += 1
        if self._plans[shapes] > WORTH and len(self._own) < self._room:
            self._own[shapes] = self._make()
            return self._own[shapes]
        self._planned[signature] = shapes
        return self._shared
