"""Sequence-level distillation as a problem: `<problem>_distill`.

In: any text-to-text problem, and what a teacher decoded from its training sources. Out: a problem
whose training targets are those decodes, while development data, test data and vocabulary stay
the base problem's. No TensorFlow.
"""

import contextlib
import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict, TypeVar

from t2t_hint_nart import registry
from t2t_hint_nart.data.data_report import PROVENANCE_SUFFIX
from t2t_hint_nart.data.example_bytes import example_bytes
from t2t_hint_nart.data.problem import DatasetSplit, PathLike, TextEncoder
from t2t_hint_nart.data.shard_check import ShardRecord
from t2t_hint_nart.data.shard_files import COUNTED, find_shards
from t2t_hint_nart.data.shard_log import ShardLog, read_log
from t2t_hint_nart.data.text_problem import Text2TextProblem
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.digests import file_digests
from t2t_hint_nart.files.json_file import read_json
from t2t_hint_nart.files.whole_file import write_whole
from t2t_hint_nart.printed_command import printed_command
from t2t_hint_nart.text import EOS_ID

_LOG_KEY = b"distilled"
_Schema = TypeVar("_Schema")


class _Recorded(TypedDict):
    """What a provenance says of the shards; those of earlier versions know the counts alone."""

    pairs: int
    input_tokens: int
    target_tokens: int
    digests: NotRequired[dict[str, str]]
    vocabulary: NotRequired[dict[str, str]]


@registry.register_derived_problem("_distill")
class DistillProblem(Text2TextProblem):
    """The base problem with training targets decoded by a teacher (Kim and Rush 2016).

    `<problem>_rev_distill` distils the reversed problem. The training shards carry this problem's
    name; they are read as they were written, whatever the base problem's direction.
    """

    def __init__(self, base: Text2TextProblem) -> None:
        if not isinstance(base, Text2TextProblem):
            raise InputError(f"only text-to-text problems can be distilled, not '{base.name}'")
        super().__init__()
        self.base = base
        self.languages = (base.source_language, base.target_language)
        self.bleu_convention = base.bleu_convention
        self.vocab_type = base.vocab_type
        self.input_space_id = base.space_ids["inputs"]
        self.target_space_id = base.space_ids["targets"]

    @property
    def base_name(self) -> str:
        """Name of the base problem and `_distill`."""
        return f"{self.base.name}_distill"

    @property
    def vocab_filename(self) -> str:
        """The base problem's."""
        return self.base.vocab_filename

    @property
    def dataset_splits(self) -> list[dict[str, Any]]:
        """The base problem's."""
        return self.base.dataset_splits

    def get_or_create_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> TextEncoder:
        """Return the base problem's vocabulary."""
        return self.base.get_or_create_vocab(data_dir, tmp_dir)

    def feature_encoders(self, data_dir: PathLike) -> dict[str, TextEncoder]:
        """Return the base problem's encoders, as it is read."""
        return self.base.get_feature_encoders(data_dir)

    def features(self, split: str) -> tuple[str, str]:
        """Return how a split is read: the base problem's data may be stored the other way round."""
        return super().features(split) if split == DatasetSplit.TRAIN else self.base.features(split)

    def filepattern(self, data_dir: PathLike, split: str) -> str:
        """Return a file pattern that a split's shards match."""
        if split == DatasetSplit.TRAIN:
            return super().filepattern(data_dir, split)
        return self.base.filepattern(data_dir, split)

    def shard_files(self, data_dir: PathLike, split: str) -> list[str]:
        """Return the paths of a split's shards: the training ones are this problem's own."""
        if split == DatasetSplit.TRAIN:
            return super().shard_files(data_dir, split)
        return self.base.shard_files(data_dir, split)

    def is_generated(self, data_dir: PathLike, tmp_dir: PathLike) -> bool:
        """Return whether training shards, provenance and the base problem's data are all there."""
        # The provenance is written last of all.
        own = find_shards(data_dir, self.dataset_filename(), DatasetSplit.TRAIN)
        finished = bool(own) and self.provenance_path(data_dir).exists()
        return finished and self.base.is_generated(data_dir, tmp_dir)

    def generate_command(self, data_dir: PathLike) -> str:
        """Return the command line that makes the training shards."""
        return printed_command(
            "t2t-distill",
            problem=self.base.name,
            data_dir=data_dir,
            teacher_export_dir="TEACHER",
        )

    def generate_tasks(
        self, data_dir: PathLike, tmp_dir: PathLike, tasks: Sequence[int] | None
    ) -> None:
        """Accept what is there; a teacher makes the rest."""
        del tasks
        if self.is_generated(data_dir, tmp_dir):
            self.shard_files(data_dir, DatasetSplit.TRAIN)
            self.progress(f"all in {data_dir} already, see '{self.provenance_path(data_dir)}'")
            return
        raise InputError(
            f"the data of '{self.name}' are decoded by a teacher; "
            f"make them with: {self.generate_command(data_dir)}"
        )

    def own_shards(self, data_dir: PathLike) -> list[Path]:
        """Return the paths of the training shards there are, of a complete set or not."""
        pattern = f"{self.dataset_filename()}-{DatasetSplit.TRAIN}-?????-of-?????"
        return sorted(Path(data_dir).glob(pattern))

    def provenance_path(self, data_dir: PathLike) -> Path:
        """Return the path of the JSON file that says where the training targets come from."""
        return Path(data_dir) / f"{self.dataset_filename()}{PROVENANCE_SUFFIX}"

    def write_training_shards(
        self,
        data_dir: PathLike,
        pairs: Iterable[tuple[Sequence[int], Sequence[int]]],
        provenance: Mapping[str, Any],
        num_shards: int | None = None,
    ) -> int:
        """Write the training shards and, last of all, their provenance; return the number of pairs.

        What is there of another time is removed first, so that a kill leaves no old shard among
        new ones and no provenance that isn't theirs.

        Args:
            data_dir: folder of the shards.
            pairs: ids of each source and of what the teacher made of it; EOS is added where it is
                missing. No pair at all is an error.
            provenance: what to record, such as the teacher's fingerprint and the decoding
                hparams; the number of pairs and tokens and the date (UTC) are added.
            num_shards: number of files, as many as the base problem's by default.
        """
        tokens = {"inputs": 0, "targets": 0}

        def examples() -> Iterator[bytes]:
            for pair in pairs:
                features = {}
                for feature, ids in zip(tokens, pair, strict=True):
                    ids = [int(id_) for id_ in ids]
                    features[feature] = ids if ids and ids[-1] == EOS_ID else [*ids, EOS_ID]
                    tokens[feature] += len(features[feature])
                yield example_bytes(features)

        Path(data_dir).mkdir(parents=True, exist_ok=True)
        self.provenance_path(data_dir).unlink(missing_ok=True)
        for path in self.own_shards(data_dir):
            path.unlink()
        shards = {part["split"]: part["shards"] for part in self.dataset_splits}
        count = self._write_shuffled(examples(), data_dir, num_shards or shards[DatasetSplit.TRAIN])
        encoders = self.feature_encoders(data_dir)
        recorded = {
            **provenance,
            "problem": self.name,
            "base_problem": self.base.name,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "pairs": count,
            "input_tokens": tokens["inputs"],
            "target_tokens": tokens["targets"],
            "digests": file_digests(data_dir, self.own_shards(data_dir)),
            "vocabulary": {name: encoder.fingerprint() for name, encoder in encoders.items()},
        }
        text = json.dumps(recorded, indent=2, sort_keys=True, ensure_ascii=False)
        write_whole(self.provenance_path(data_dir), text + "\n")
        return count

    def _write_shuffled(
        self, examples: Iterable[bytes], data_dir: PathLike, num_shards: int
    ) -> int:
        """Write examples to shards in turn, shuffle each shard, and return their number."""
        from t2t_hint_nart.data.shards import write_records

        paths = self.training_filepaths(data_dir, num_shards, shuffled=True)
        logs = self.training_filepaths(data_dir, num_shards, shuffled=False)
        count = 0
        with contextlib.ExitStack() as stack:
            opened = []
            for log in logs:
                Path(log).unlink(missing_ok=True)
                opened.append(stack.enter_context(contextlib.closing(ShardLog(log, _LOG_KEY))))
            for count, example in enumerate(examples, start=1):
                opened[(count - 1) % num_shards].append(example)
        if not count:
            raise InputError(f"no sentence pair to write to {paths[0]!r}")
        for shard, (log, path) in enumerate(zip(logs, paths, strict=True)):
            write_records(read_log(log, _LOG_KEY, self.random_seed + shard), path)
            Path(log).unlink()
        return count

    def provenance(self, data_dir: PathLike) -> dict[str, Any]:
        """Return what is recorded about the training targets."""
        return self._read_provenance(data_dir, dict[str, Any])

    def recorded_shards(self, data_dir: PathLike, split: str) -> ShardRecord | None:
        """Return what is recorded of a split's shards, the provenance for the training ones."""
        if split != DatasetSplit.TRAIN:
            return self.base.recorded_shards(data_dir, split)
        path = self.provenance_path(data_dir)
        if not path.exists():
            return None
        known = self._read_provenance(data_dir, _Recorded)
        counts = (known["pairs"], known["input_tokens"], known["target_tokens"])
        return ShardRecord(
            path,
            dict(zip(COUNTED, counts, strict=True)),
            known.get("digests", {}),
            known.get("vocabulary", {}),
        )

    def _read_provenance(self, data_dir: PathLike, schema: type[_Schema]) -> _Schema:
        path = self.provenance_path(data_dir)
        command = self.generate_command(data_dir)
        try:
            return read_json(path, schema, f"Remove it and the shards, and run {command}")
        except FileNotFoundError:
            raise InputError(f"no provenance '{path}'; make the data with: {command}") from None
