"""Problems that turn a text into a text, encoded by a vocabulary made of the training text.

Follows tensor2tensor's data_generators/text_problems.py.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from t2t_hint_nart.data import data_report
from t2t_hint_nart.data.corpus import Corpus, VocabType
from t2t_hint_nart.data.parallel_text import read_columns, read_pairs, read_sentences
from t2t_hint_nart.data.problem import PathLike
from t2t_hint_nart.data.shard_check import ShardRecord, check_shards
from t2t_hint_nart.data.workspace import Workspace

__all__ = [
    "Text2TextProblem",
    "VocabType",
    "text2text_txt_iterator",
    "text2text_txt_tab_iterator",
    "txt_line_iterator",
]


def txt_line_iterator(txt_path: PathLike) -> Iterator[str]:
    """Yield the lines of a file, as T2T does, but for an empty one: it is refused."""
    return read_sentences(Path(txt_path))


def text2text_txt_iterator(
    source_txt_path: PathLike, target_txt_path: PathLike
) -> Iterator[dict[str, str]]:
    """Yield the samples of two files (T2T): line n of one belongs to line n of the other.

    Raises:
        InputError: as of `parallel_text.read_pairs`; T2T ends with the shorter file.
    """
    for source, target in read_pairs(Path(source_txt_path), Path(target_txt_path)):
        yield {"inputs": source, "targets": target}


def text2text_txt_tab_iterator(txt_path: PathLike) -> Iterator[dict[str, str]]:
    """Yield the samples of a file with a source, a tab and its target in every line (T2T).

    Raises:
        InputError: as of `parallel_text.read_columns`.
    """
    for source, target in read_columns(Path(txt_path)):
        yield {"inputs": source, "targets": target}


class Text2TextProblem(Corpus):
    """Base class of text-to-text problems.

    A subclass defines `generate_samples`, and may override any property; see `Corpus`.
    """

    def recorded_shards(self, data_dir: PathLike, split: str) -> ShardRecord | None:
        """Return what is recorded of a split's shards, None if nothing is."""
        return data_report.recorded_shards(self, data_dir, split)

    def shard_files(self, data_dir: PathLike, split: str) -> list[str]:
        """Return the paths of a split's shards, having checked that they are what was written.

        Raises:
            InputError: no shards, an incomplete set, or see `shard_check.check_shards`.
        """
        paths = super().shard_files(data_dir, split)
        record = self.recorded_shards(data_dir, split)
        remedy = self.generate_command(data_dir)
        check_shards(paths, self.feature_encoders(data_dir), record, remedy)
        return paths

    def how_to_have(self, data_dir: PathLike, split: str) -> str:
        """Return what to do where a split's shards are missing: datagen may have been run."""
        if data_report.is_unfinished(self, data_dir):
            return f"they aren't finished, go on with: {self.generate_command(data_dir)}"
        report = data_report.finished_report(self, data_dir)
        if report is None or split in report["splits"]:
            return super().how_to_have(data_dir, split)
        return (
            f"there was no {split} text when its {' and '.join(report['splits'])} data were made: "
            f"to have it too, put it where the rest is, {self.what_to_remove(data_dir)}, and run: "
            f"{self.generate_command(data_dir)}"
        )

    def splits_of_data(self, data_dir: PathLike, tmp_dir: PathLike) -> list[dict[str, Any]]:
        """Return the splits that the report of finished data tells of, whatever text is there."""
        report = data_report.finished_report(self, data_dir)
        if report is None:
            return super().splits_of_data(data_dir, tmp_dir)
        return [part for part in self.dataset_splits if part["split"] in report["splits"]]

    def is_generated(self, data_dir: PathLike, tmp_dir: PathLike) -> bool:
        """Return whether all shards and the vocabulary are there."""
        has_vocab = self.vocab_type == VocabType.CHARACTER or self._vocab_path(data_dir).exists()
        return has_vocab and super().is_generated(data_dir, tmp_dir)

    def generate_data(self, data_dir: PathLike, tmp_dir: PathLike, task_id: int = -1) -> None:
        """Write the vocabulary, the shards of all splits and a report, unless they are there.

        Training shards are shuffled, each within itself; development and test data keep the order
        of the samples, so that their n-th sentence stays the n-th of the file they came from.
        `task_id` and errors: see `generation.generate`.
        """
        self.generate_tasks(data_dir, tmp_dir, None if task_id < 0 else [task_id])

    def generate_tasks(
        self, data_dir: PathLike, tmp_dir: PathLike, tasks: Sequence[int] | None
    ) -> None:
        """Do what `generate_data` does for several tasks; None stands for everything."""
        finished = self.is_generated(data_dir, tmp_dir)
        finished = finished and not data_report.is_unfinished(self, data_dir)
        unknown = ""
        if finished and data_report.finished_report(self, data_dir) is None:
            unknown = "what text they are of isn't recorded"
        elif finished and not self.text_is_at_hand(tmp_dir):
            unknown = f"not compared with their text, which isn't in {tmp_dir}"
        if unknown:
            for part in self.splits_of_data(data_dir, tmp_dir):
                self.shard_files(data_dir, part["split"])
            anew = f"to start anew {self.what_to_remove(data_dir)}"
            self.progress(f"all in {data_dir} already, {unknown}; {anew}")
        else:
            self._generate(data_dir, tmp_dir, tasks)

    def _generate(self, data_dir: PathLike, tmp_dir: PathLike, tasks: Sequence[int] | None) -> None:
        from t2t_hint_nart.data import generation

        generation.generate(Workspace(self, data_dir, tmp_dir), tasks)

    def text_pairs(self, data_dir: PathLike, split: str) -> list[tuple[str, str]]:
        """Return the (source, target) texts of a split, decoded from its shards, in their order.

        Raises:
            InputError: shards or vocabulary are missing or damaged.
        """
        from t2t_hint_nart.data.shards import read_shards

        encoders = self.get_feature_encoders(data_dir)
        source, target = self.features(split)
        return [
            (
                encoders["inputs"].decode(pair[source][:-1]),
                encoders["targets"].decode(pair[target][:-1]),
            )
            for pair in read_shards(self.shard_files(data_dir, split))
        ]
