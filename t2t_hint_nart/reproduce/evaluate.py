"""What an experiment measures: translations, their scores, latency, decoder states."""

import functools
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.bleu import check_aligned, corpus_scores, text_warnings
from t2t_hint_nart.evaluation.bleu_conventions import in_order
from t2t_hint_nart.evaluation.long_sentences import long_sentences
from t2t_hint_nart.evaluation.repetition import text_repetition
from t2t_hint_nart.evaluation.significance import all_pairs
from t2t_hint_nart.exports.metadata import SAVED_MODEL
from t2t_hint_nart.files.digests import file_digests
from t2t_hint_nart.files.whole_file import write_whole
from t2t_hint_nart.reproduce.charts import quality_charts, training_charts, training_histories
from t2t_hint_nart.reproduce.decoder_states import DecoderStates
from t2t_hint_nart.reproduce.execution import Exports
from t2t_hint_nart.reproduce.recipe import Recipe
from t2t_hint_nart.reproduce.report import Finished, finish
from t2t_hint_nart.reproduce.rows import FILE, Row, Rows, flat_rows
from t2t_hint_nart.reproduce.stages import Keep
from t2t_hint_nart.reproduce.timing import time_systems
from t2t_hint_nart.text.moses_tokens import looks_tokenized
from t2t_hint_nart.user_directory import failure

# Below an experiment's directory.
DECODES = "decodes"
SAMPLES = 8
# Sentences in batches for one that is timed alone.
THROUGHPUT_TO_LATENCY = 4
# Of what is timed, in rows beside the median.
LATENCY = ("mean_ms", "p95_ms", "calls", "cpu_share")
# With less of a processor than this, the clock tells what else ran.
LEAST_CPU_SHARE = 0.9
SPEED = ("throughput", "throughput_batch", "size_mib")
FALLBACK_LANGUAGE = "en"

Key = tuple[str, str]


def decodes_file(key: Key) -> str:
    """Return the name of the file of a system's translations by a decoding, in decodes/."""
    return f"{key[0]}.{key[1]}.txt"


@dataclass(frozen=True)
class Evaluation:
    """The systems of an experiment on the data that it translates.

    Attributes:
        exports: of the systems, with the recipe and the problem.
        output_dir: of the experiment's files.
    """

    exports: Exports
    output_dir: Path

    @property
    def recipe(self) -> Recipe:
        """What is evaluated."""
        return self.exports.recipe

    @functools.cached_property
    def _pairs(self) -> list[tuple[str, str]]:
        pairs = self.exports.problem.text_pairs(self.exports.data_dir, self.recipe.split)
        return pairs[: self.recipe.sentences]

    def _file(self, key: Key) -> Path:
        return self.output_dir / DECODES / decodes_file(key)

    def _hypotheses(self, key: Key) -> list[str]:
        return self._file(key).read_text(encoding="utf-8").split("\n")[:-1]

    def decode(
        self, done: Mapping[str, Any], keep: Keep, runtime: str = SAVED_MODEL
    ) -> dict[str, Any]:
        """Translate with every system by each decoding in a runtime; one file each in decodes/.

        Args:
            done: what was told of systems that are translated already.
            keep: called with what is told so far.
            runtime: of the exports.

        Returns:
            `sentences`, their number; `digests`, the sha256 of each file by its name;
            `acceptance`, by "<system>.<decoding>" what verifying its drafts took.
        """
        digests, acceptance = dict(done.get("digests", {})), dict(done.get("acceptance", {}))
        told = {"sentences": len(self._pairs), "digests": digests, "acceptance": acceptance}
        for key in self.recipe.decoded(runtime):
            file = self._file(key)
            if file.name in digests:
                continue
            lines, accepted = self._translate(key)
            write_whole(file, "".join(f"{line}\n" for line in lines))
            digests |= file_digests(self.output_dir / DECODES, [file])
            if accepted:
                acceptance[".".join(key)] = accepted
            keep(told)
        return told

    def _translate(self, key: Key) -> tuple[list[str], dict[str, float]]:
        """The translations, and what verifying drafts took."""
        if self.recipe.decoding(key[1]).reference_lengths:
            return self.exports.with_reference_lengths(*key, self._pairs), {}
        found = self.exports.translate(*key, [source for source, _ in self._pairs])
        return found.best(), found.acceptance()

    def latency(self, done: Mapping[str, Any], runtime: str = SAVED_MODEL) -> dict[str, Any]:
        """Milliseconds a sentence, and sentences a second, ids to ids, on one thread.

        All that is timed at once is timed in turn with the baseline, whatever runtime it is in and
        whatever was timed before: `speedup`.

        Args:
            done: what was told of systems that are timed already.
            runtime: of the exports.
        """
        alone = self.recipe.latency_sentences
        pairs = self._pairs[: THROUGHPUT_TO_LATENCY * alone]
        keys = [key for key in self.recipe.timed(runtime) if ".".join(key) not in done]
        if done and not keys:
            return dict(done)
        baseline = self.recipe.baseline
        also = [baseline] if baseline and baseline not in keys else []
        sources = [source for source, _ in pairs]
        timed = time_systems(self.exports, [*also, *keys], sources, alone)
        share = min((timed[".".join(key)]["cpu_share"] for key in keys), default=1.0)
        if share < LEAST_CPU_SHARE:
            stage = "latency" if runtime == SAVED_MODEL else runtime
            print(
                f"warning: the machine was busy: latency was measured with {share:.0%} of a "
                f"processor. On a quiet one, delete {self.output_dir}/stages/{stage}.json and run "
                "the same command.",
                file=sys.stderr,
                flush=True,
            )
        for key in keys:
            timed[".".join(key)]["size_mib"] = self.exports.size_mib(*key)
        if baseline:
            base = timed[".".join(baseline)]["median_ms"]
            for key in keys:
                timed[".".join(key)]["speedup"] = base / timed[".".join(key)]["median_ms"]
        return {**timed, **done}

    def states(self) -> dict[str, Any]:
        """Cosine and attention statistics of systems that tell states, and the paper's figures."""
        states = DecoderStates(self.exports)
        return states.measure([source for source, _ in self._pairs], self.output_dir)

    def report(
        self,
        seed: int,
        facts: Mapping[str, Any],
        latency: Mapping[str, Any],
        states: Mapping[str, Any],
        acceptance: Mapping[str, Any],
    ) -> Finished:
        """Score the translations, and write results.jsonl and report.md.

        Of the facts of the run, `settings` are of its systems; what was not measured is empty.

        Raises:
            InputError: a registered score failed; all other rows are written.
        """
        about = {"recipe": self.recipe.name, "seed": seed, "split": self.recipe.split}
        facts = dict(facts)
        settings = facts.pop("settings")
        rows = list(flat_rows(about, facts))
        for system, values in settings.items():
            rows += flat_rows({**about, "system": system}, {"settings": values})
        failed: list[str] = []
        rows += self._score_rows(about, latency, acceptance, failed)
        for system, values in states.get("systems", {}).items():
            rows += flat_rows({**about, "system": system}, values)
        histories = training_histories(self.recipe, self.output_dir)
        for system, history in histories.items():
            digest = _sha256(json.dumps(history))
            rows += flat_rows({**about, "system": system}, {"training.sha256": digest})
        finished = finish(
            self.recipe,
            rows,
            self.output_dir,
            self.exports.export_dir,
            samples=self._samples() if self.recipe.quotes_text else [],
            figures=[
                *states.get("figures", []),
                *quality_charts(self.recipe, Rows(rows, self.recipe.name), self.output_dir),
                *training_charts(self.recipe, histories, self.output_dir),
            ],
        )
        if failed:
            told = "; ".join(dict.fromkeys(failed))
            raise InputError(
                f"{told}. {self.output_dir / FILE} has all other rows; mend the score and run the "
                "same command to have its own."
            )
        return finished

    def _score_rows(
        self,
        about: dict[str, Any],
        latency: Mapping[str, Any],
        acceptance: Mapping[str, Any],
        failed: list[str],
    ) -> Iterator[Row]:
        """Scores, speed and comparisons of all translations; registered scores may have failed."""
        sources, references = zip(*self._pairs, strict=True)
        base = latency.get(".".join(self.recipe.baseline or ""), {}).get("median_ms")
        told: dict[str, Any] = {}
        for warning in text_warnings({f"target text of {self.recipe.problem}": references}):
            print(f"warning: {warning}", file=sys.stderr, flush=True)
        for key in self.recipe.decoded():
            hypotheses = self._hypotheses(key)
            measured, told = _scores(
                sources, references, hypotheses, self.exports.problem.target_language
            )
            measured["score"] = _registered_scores(sources, hypotheses, references, failed)
            measured |= acceptance.get(".".join(key), {})
            if timed := latency.get(".".join(key)):
                measured |= {
                    "latency_ms": timed["median_ms"],
                    **{f"latency_{name}": timed.get(name) for name in LATENCY},
                    **{name: timed.get(name) for name in SPEED},
                    "speedup": timed.get("speedup", base and base / timed["median_ms"]),
                }
            if (runtime := self.recipe.decoding(key[1]).runtime) != SAVED_MODEL:
                measured |= {"runtime": runtime}
            yield from flat_rows({**about, "system": key[0], "decoding": key[1]}, measured)
        yield from flat_rows(
            about, {"bleu_convention": self.exports.problem.bleu_convention, **told}
        )
        if "threads" in latency:
            yield from flat_rows(about, {"latency_threads": latency["threads"]})
        if not self.recipe.questions:
            yield from self._comparisons(about, references)

    def _comparisons(self, about: dict[str, Any], references: Sequence[str]) -> Iterator[Row]:
        """Paired randomization of every two systems under the same decoding."""
        for decoding in self.recipe.decodings:
            keys = [key for key in self.recipe.decoded() if key[1] == decoding.name]
            translated = {key[0]: self._hypotheses(key) for key in keys}
            for found in all_pairs(references, translated, wanted=self.recipe.are_compared):
                values = {
                    f"difference.vs.{found.baseline}": found.difference,
                    f"p_value.vs.{found.baseline}": found.p_value,
                }
                where = {"system": found.system, "decoding": decoding.name}
                yield from flat_rows({**about, **where}, values)

    def _samples(self) -> list[dict[str, str]]:
        """Sentences from all over the test set, as every export translates them."""
        keys = [key for key in self.recipe.as_exported() if key in self.recipe.decoded()]
        translated = {self.recipe.system_label(key[0]): self._hypotheses(key) for key in keys}
        step = max(len(self._pairs) // SAMPLES, 1)
        return [
            {
                "source": source,
                "reference": reference,
                **{label: lines[index * step] for label, lines in translated.items()},
            }
            for index, (source, reference) in enumerate(self._pairs[::step][:SAMPLES])
        ]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _registered_scores(
    sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[str], failed: list[str]
) -> dict[str, float]:
    """What users' own scores give; of one that fails `failed` gets a line."""
    found = {}
    for name, score in registry.scores().items():
        try:
            told = score(list(sources), list(hypotheses), list(references))
        except Exception as error:
            failed.append(f"score '{name}' failed: {failure(error)}")
            continue
        try:
            found[name] = float(told)
        except (TypeError, ValueError):
            failed.append(f"score '{name}' must return a number, got {type(told).__name__}")
    return found


def _scores(
    sources: Sequence[str], references: Sequence[str], hypotheses: Sequence[str], language: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is measured of translations, and what is the same of all with these references."""
    check_aligned(hypotheses, references)
    check_aligned(sources, references)
    language = language or FALLBACK_LANGUAGE
    tokenized = bool(looks_tokenized(references))
    computed = corpus_scores(hypotheses, references, language)
    chosen = long_sentences(sources)
    long = corpus_scores(chosen.select(hypotheses), chosen.select(references), language)
    repeated = text_repetition(hypotheses, None if tokenized else language)
    measured = {
        **{name: score.value for name, score in computed.items()},
        **{f"long_{bleu.score}": long[bleu.score].value for bleu in in_order()},
        "repetition_percent": repeated.adjacent_percent,
        "repeated_anywhere_percent": repeated.repeated_percent,
        "translations.sha256": _sha256("\n".join(hypotheses)),
    }
    told = {
        "sentences": len(hypotheses),
        "long_sentences": len(chosen.indices),
        "long_label": chosen.label,
        "text_is_tokenized": tokenized,
        "signature": {name: score.signature for name, score in computed.items()},
    }
    return measured, told
