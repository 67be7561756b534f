"""Files of sentences and of decodes, with T2T's names and form (no TensorFlow)."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import write_whole
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.text import lines

ENDING = ".decodes"
# Of references and sources, in the order they are written.
TEXT_ENDINGS = (".targets", ".inputs")


class Hypothesis(NamedTuple):
    """One translation.

    Attributes:
        text: the sentence.
        score: log-probability in nats, length-normalised by a beam.
        ids: the sentence's, without EOS.
        passes: of the teacher that verified it as a draft; 0 of what isn't one.
    """

    text: str
    score: float
    ids: tuple[int, ...] = ()
    passes: int = 0


def shard_suffix(hparams: HParams) -> str:
    """Return what the names of one part of a divided file end in, "" if it isn't divided.

    Args:
        hparams: shards, shard_id, shards_start_offset, shard_google_format.

    Raises:
        InputError: there is no such part.

    References:
        T2T 1.15 utils/decoding.py, _add_shard_to_filename.
    """
    if hparams.shards <= 1:
        return ""
    if not 0 <= hparams.shard_id < hparams.shards:
        raise InputError(
            f"--worker_id (shard_id) must be 0 to {hparams.shards - 1} with "
            f"--decode_shards={hparams.shards}, not {hparams.shard_id}."
        )
    number = hparams.shard_id + hparams.shards_start_offset
    if hparams.shard_google_format:
        return f"-{number:05d}-of-{hparams.shards:05d}"
    return f"{number:03d}"


def decodes_name(base: str, model: str, hparams_set: str, problem: str, hparams: HParams) -> str:
    """Return T2T's name of a decodes file.

    Args:
        base: the translated file, or a prefix.
        model: registered name.
        hparams_set: registered name.
        problem: registered name.
        hparams: beam_size and alpha.
    """
    settings = f"beam{hparams.beam_size}.alpha{hparams.alpha}"
    return f"{base}.{model}.{hparams_set}.{problem}.{settings}{ENDING}"


def sentence_line(hypotheses: Sequence[Hypothesis], hparams: HParams) -> str:
    r"""Return what is written for a sentence.

    A translation with a tab, the delimiter or any end of a line in it has spaces instead: every
    sentence has its own line in the file, and no more, for whoever reads it.

    Args:
        hypotheses: best first.
        hparams: return_beams writes all, tab-separated; write_beam_scores adds a tab and the
            score to each; identity_output writes ids; delimiter.

    Example:
        >>> from t2t_hint_nart.decoding.decode_hparams import decode_hparams
        >>> settings = decode_hparams("return_beams=True,write_beam_scores=True")
        >>> sentence_line([Hypothesis("a b", -0.5), Hypothesis("a", -1.0)], settings)
        'a b\t-0.50\ta\t-1.00'
    """
    shown = hypotheses if hparams.return_beams else hypotheses[:1]
    fields = []
    for hypothesis in shown:
        fields.append(hypothesis_text(hypothesis, hparams))
        if hparams.write_beam_scores:
            fields.append(f"{hypothesis.score:.2f}")
    return "\t".join(fields)


def hypothesis_text(hypothesis: Hypothesis, hparams: HParams) -> str:
    """Return a translation, or its ids, on one line."""
    if hparams.identity_output:
        return " ".join(map(str, hypothesis.ids))
    return one_line(hypothesis.text, hparams.delimiter)


def one_line(text: str, delimiter: str = "\n") -> str:
    """Return a text with spaces in place of tabs, delimiters and what may end a line."""
    return lines.one_line(text.replace("\t", " ").replace(delimiter, " "))


def write_sentences(path: str | os.PathLike[str], sentences: Iterable[str], delimiter: str) -> None:
    """Write sentences, complete or not at all; directories are made as needed.

    Raises:
        InputError: it can't be written any more; what was decoded is in a temporary file then, if
            that can be written.
    """
    text = "".join(sentence + delimiter for sentence in sentences)
    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError(
            f"{os.fspath(path)} can't be written: {error.strerror}{_rescued(text)}"
        ) from error


def _rescued(text: str) -> str:
    """Keep what took long to make, and say where."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", suffix=ENDING, delete=False
        ) as file:
            file.write(text)
    except OSError:
        return "."
    return f"; it is kept in {file.name}."


def inference_time(seconds: float, sentences: int, batch_size: int) -> str:
    """Return T2T 1.15's line: latency if sentences are decoded one by one, else throughput.

    Example:
        >>> inference_time(0.5, 4, 1)
        'Inference time 0.5000 seconds (Latency = 125.0000 ms/sentences)'
        >>> inference_time(0.5, 4, 32)
        'Inference time 0.5000 seconds (Throughput = 8.0000 sentences/second)'
    """
    if batch_size == 1:
        speed = f"Latency = {1000.0 * seconds / sentences:.4f} ms/sentences"
    else:
        speed = f"Throughput = {sentences / seconds:.4f} sentences/second"
    return f"Inference time {seconds:.4f} seconds ({speed})"
