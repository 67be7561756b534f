"""The text files of a problem in --tmp_dir: which there are, and which are missing.

In: a folder, and by split the pairs of names that the files may have. Out: paths. No TensorFlow.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from t2t_hint_nart.data.parallel_text import find_text
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.errors import InputError

# Split -> names of the source and the target file, the first pair found counts.
FileNames = Mapping[str, Sequence[tuple[str, str]]]
FilePaths = dict[str, tuple[Path, Path]]


def file_names(languages: tuple[str, str], **stems: Sequence[str]) -> FileNames:
    """Return file names that end in the code of their language.

    Args:
        languages: codes of source and target.
        **stems: split -> what the names of its files begin with.

    Example:
        >>> file_names(("de", "en"), train=["train"], dev=["dev", "val"])["dev"]
        [('dev.de', 'dev.en'), ('val.de', 'val.en')]
    """
    return {
        split: [(f"{stem}.{languages[0]}", f"{stem}.{languages[1]}") for stem in names]
        for split, names in stems.items()
    }


def find_splits(folder: Path, names: FileNames) -> FilePaths:
    """Return the text files of each split, plain or gzip; nothing if there is no training text.

    Args:
        folder: where they are looked for.
        names: of the files.

    Returns:
        split -> paths of source and target; without the test set if that is not there.

    Raises:
        InputError: one side of a split is missing, or there is a training but no development set.
    """
    if not _first_pair(folder, names.get(DatasetSplit.TRAIN, ())):
        return {}
    pairs = {split: _first_pair(folder, candidates) for split, candidates in names.items()}
    found = {split: paths for split, paths in pairs.items() if paths}
    for split in names:
        if split not in found and split != DatasetSplit.TEST:
            wanted = " or ".join(f"{source} and {target}" for source, target in names[split])
            raise InputError(
                f"'{folder}' has '{found[DatasetSplit.TRAIN][0].name}' to train on, but no {split} "
                f"text: put {wanted} (or .gz) there too"
            )
    return found


def _first_pair(folder: Path, candidates: Sequence[tuple[str, str]]) -> tuple[Path, Path] | None:
    for names in candidates:
        source, target = (find_text(folder, name) for name in names)
        if source and target:
            return source, target
        if source or target:
            missing = names[0] if target else names[1]
            raise InputError(
                f"'{folder}' has '{(source or target).name}' but not its other side, "  # type: ignore[union-attr]
                f"'{missing}' or '{missing}.gz'"
            )
    return None
