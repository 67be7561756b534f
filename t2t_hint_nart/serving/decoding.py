"""Decode a file's or a data set's sentences: time them, write them, compare with a reference."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from t2t_hint_nart.data.problem import Problem
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation import bleu
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.serving.decodes import Hypothesis, hypothesis_text, inference_time
from t2t_hint_nart.serving.translator import DEFAULT_BATCH_SIZE, Translator
from t2t_hint_nart.text.reserved import sentence_ids

Say = Callable[[str], None]
SECONDS_BETWEEN_LINES = 5.0


class Dataset(NamedTuple):
    """A problem's sentences to decode.

    Attributes:
        sources: ids of each, EOS last.
        inputs, targets: the texts.
    """

    sources: list[list[int]]
    inputs: list[str]
    targets: list[str]


def read_dataset(problem: Problem, data_dir: str, split: str, hparams: HParams) -> Dataset:
    """Read the sentences of a split.

    Args:
        problem: whose data.
        data_dir: of shards and vocabulary.
        split: "dev" or "test".
        hparams: num_samples limits the number; with shards > 1 only the file of number shard_id
            is read.

    Raises:
        InputError: no such split, data or shard.
    """
    files = problem.shard_files(data_dir, split)
    if hparams.shards > 1:
        if not 0 <= hparams.shard_id < len(files):
            raise InputError(
                f"{problem.name} has {len(files)} {split} shards: there is no shard "
                f"{hparams.shard_id} (--worker_id) to decode."
            )
        files = [files[hparams.shard_id]]
    source, target = problem.features(split)
    pairs = [pair for path in files for pair in read_shard(path)]
    if hparams.num_samples >= 0:
        pairs = pairs[: hparams.num_samples]
    if not pairs:
        raise InputError(f"There is nothing to decode: {problem.name} has no {split} sentences.")
    encoders = problem.get_feature_encoders(data_dir)
    return Dataset(
        [[int(i) for i in pair[source]] for pair in pairs],
        [encoders["inputs"].decode(sentence_ids(pair[source])) for pair in pairs],
        [encoders["targets"].decode(sentence_ids(pair[target])) for pair in pairs],
    )


def decode_timed(
    translator: Translator, sources: Sequence[Sequence[int]], hparams: HParams, say: Say
) -> list[list[Hypothesis]]:
    """Decode sentences and tell how long it took, building the graph excluded.

    Args:
        translator: decodes.
        sources: ids, each ending in EOS.
        hparams: batch_size.
        say: told of progress and of T2T's line of latency or throughput.

    Returns:
        For every sentence its hypotheses, best first.
    """
    translator.warm_up()
    started = said = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if done == total or now - said >= SECONDS_BETWEEN_LINES:
            seconds, said = now - started, now
            remaining = seconds / done * (total - done)
            say(f"{done}/{total} sentences, {seconds:.0f} s, {remaining:.0f} s left")

    decoded = translator.translate_encoded(sources, progress)
    seconds = max(time.monotonic() - started, 1e-9)
    say(inference_time(seconds, len(sources), hparams.batch_size or DEFAULT_BATCH_SIZE))
    return decoded


def log_lines(
    inputs: Sequence[str],
    decoded: Sequence[Sequence[Hypothesis]],
    hparams: HParams,
    targets: Sequence[str] | None = None,
) -> list[str]:
    """Return T2T's lines of results: INPUT, OUTPUT and, if there is one, TARGET."""
    lines = []
    for index, (text, hypotheses) in enumerate(zip(inputs, decoded, strict=True)):
        lines.append(f"Inference results INPUT: {text}")
        for number, hypothesis in enumerate(hypotheses if hparams.return_beams else hypotheses[:1]):
            if hparams.return_beams:
                lines.append(f"BEAM {number}:")
            lines.append(f"Inference results OUTPUT: {hypothesis_text(hypothesis, hparams)}")
        if targets is not None:
            lines.append(f"Inference results TARGET: {targets[index]}")
    return lines


def bleu_lines(decoded: Sequence[Sequence[Hypothesis]], references: Sequence[str]) -> list[str]:
    """Return the BLEU of the best hypotheses as t2t-bleu prints it, a line a score.

    Raises:
        InputError: the numbers of sentences differ.
    """
    best = [hypotheses[0].text for hypotheses in decoded]
    uncased, cased = bleu.bleu_intl_uncased(best, references), bleu.bleu_intl(best, references)
    return [
        f"BLEU_uncased = {uncased.value:6.2f}",
        f"BLEU_cased = {cased.value:6.2f}",
        f"BLEU_13a = {bleu.bleu_13a(best, references)}",
    ]
