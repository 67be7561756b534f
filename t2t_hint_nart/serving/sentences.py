"""The sentences of a decode: of a text file, or of a problem's split."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from t2t_hint_nart.data.problem import Problem
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation import bleu
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.text.lines import read_lines, whole_lines
from t2t_hint_nart.text.reserved import sentence_ids


class Sentences(NamedTuple):
    """What is translated.

    Attributes:
        inputs: the texts.
        references: a text for each; None gives no scores.
        sources: ids of each, EOS last, where the data have them; None: to be encoded.
    """

    inputs: Sequence[str]
    references: Sequence[str] | None = None
    sources: Sequence[Sequence[int]] | None = None

    def with_references(self, path: str) -> "Sentences":
        """The same sentences with the references of a file, "" for those there are.

        Warns on stderr of references that aren't plain text.

        Raises:
            InputError: another number of lines.
        """
        if not path:
            return self
        references = whole_lines(path)
        if len(references) != len(self.inputs):
            raise InputError(
                f"{path} has {len(references)} references for {len(self.inputs)} sentences."
            )
        for warning in bleu.text_warnings({path: references}):
            print(f"warning: {warning}", file=sys.stderr, flush=True)
        return self._replace(references=references)


def file_sentences(path: str, reference: str = "", delimiter: str = "\n") -> Sentences:
    """Read the sentences of a text file, and of its references if it has any.

    Raises:
        InputError: a file that can't be read, or another number of references.
    """
    return Sentences(read_lines(path, delimiter)).with_references(reference)


def problem_sentences(problem: Problem, data_dir: str, split: str, hparams: HParams) -> Sentences:
    """Read the sentences of a split.

    Args:
        problem: whose data.
        data_dir: of shards and vocabulary.
        split: "train", "dev" or "test".
        hparams: num_samples limits the number; with shards > 1 only the file of number shard_id
            is read.

    Raises:
        InputError: no such split, data or shard.
    """
    from t2t_hint_nart.data.shards import read_shards

    files = problem.shard_files(data_dir, split)
    if hparams.shards > 1:
        if not 0 <= hparams.shard_id < len(files):
            raise InputError(
                f"{problem.name} has {len(files)} {split} shards: there is no shard "
                f"{hparams.shard_id} (--worker_id) to decode."
            )
        files = [files[hparams.shard_id]]
    source, target = problem.features(split)
    pairs = list(read_shards(files))
    if hparams.num_samples >= 0:
        pairs = pairs[: hparams.num_samples]
    if not pairs:
        raise InputError(f"There is nothing to decode: {problem.name} has no {split} sentences.")
    encoders = problem.get_feature_encoders(data_dir)
    return Sentences(
        [encoders["inputs"].decode(sentence_ids(pair[source])) for pair in pairs],
        [encoders["targets"].decode(sentence_ids(pair[target])) for pair in pairs],
        [[int(i) for i in pair[source]] for pair in pairs],
    )
