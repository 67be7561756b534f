"""What rows are made of, from files of translations; no model is loaded."""

import dataclasses
import functools
from types import SimpleNamespace

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.digests import check_digests
from t2t_hint_nart.reproduce import charts, evaluate
from t2t_hint_nart.reproduce.evaluate import SAMPLES, Evaluation
from t2t_hint_nart.reproduce.execution import Exports
from t2t_hint_nart.reproduce.recipe import Decoding
from t2t_hint_nart.reproduce.rows import Rows, read_rows
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.job import Translations
from t2t_hint_nart.serving.sentences import Sentences
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.summaries import Summaries
from tests.reproduce.tiny_recipe import TINY_RECIPE

REFERENCES = [f"the dog number {i} barks loudly at the cat ." for i in range(20)]
SOURCES = [f"der Hund Nummer {i} bellt die Katze laut an ." for i in range(20)]
PAIRS = list(zip(SOURCES, REFERENCES, strict=True))
LATENCY = {
    "throughput": 90.0,
    "size_mib": 2.0,
    "mean_ms": 9.0,
    "p95_ms": 12.0,
    "calls": 6,
    "warmup_calls": 2,
}
RECIPE = dataclasses.replace(TINY_RECIPE, quotes_text=True)


def worse(every):
    """The references, of which every n-th has a word too many."""
    return [
        f"{line} {line.split()[-2]}" if i % every == 0 else line
        for i, line in enumerate(REFERENCES)
    ]


TRANSLATIONS = {
    "teacher.greedy": (worse(8), 20.0),
    "teacher.beam4": (REFERENCES, 30.0),
    "student_nll.one_pass": (worse(1), 3.0),
    "student_nll.rescored_5": (worse(3), 6.0),
    "student_align.one_pass": (worse(2), 3.0),
    "student_align.rescored_5": (worse(4), 6.0),
}


def evaluation_of(recipe, tmp_path):
    problem = SimpleNamespace(
        name="tiny",
        target_language="en",
        bleu_convention="wmt14_compound",
        text_pairs=lambda data_dir, split: {("data", recipe.split): PAIRS}[data_dir, split],
    )
    exports = Exports(recipe, lambda system: f"export/{system}", problem, "data")
    return Evaluation(exports, tmp_path)


@pytest.fixture(autouse=True)
def decodes(tmp_path):
    (tmp_path / "decodes").mkdir()
    for name, (lines, _) in TRANSLATIONS.items():
        text = "".join(f"{line}\n" for line in lines)
        (tmp_path / "decodes" / f"{name}.txt").write_text(text, encoding="utf-8")


@pytest.fixture(autouse=True)
def fewer_trials(monkeypatch):
    """Of the randomization; tests/evaluation/ is about its p-values."""
    monkeypatch.setattr(evaluate, "all_pairs", functools.partial(evaluate.all_pairs, trials=200))


ACCEPTANCE = {"student_nll.one_pass": {"passes": 5.0, "tokens_per_pass": 2.5}}


def report(tmp_path, recipe=RECIPE, timed=True, states=None):
    latency = {name: {"median_ms": ms, **LATENCY} for name, (_, ms) in TRANSLATIONS.items()}
    facts = {"command": "t2t-reproduce", "settings": {"": {"average": 2}, "teacher": {"steps": 3}}}
    finished = evaluation_of(recipe, tmp_path).report(
        1, facts, latency if timed else {}, states or {}, ACCEPTANCE
    )
    return finished, Rows(read_rows(tmp_path), "tiny")


def test_one_file_of_lines_for_each_translation(tmp_path, monkeypatch):
    def translate(_, system, decoding, sources):
        passes = 4 if decoding == "rescored_5" else 0
        said = [Hypothesis(f"{system} {decoding}", 0.0, (5, 6, 7), passes)]
        return Translations(Sentences(sources[:1]), [said])

    monkeypatch.setattr(Exports, "translate", translate)
    kept = []
    told = evaluation_of(RECIPE, tmp_path).decode({}, lambda so_far: kept.append(repr(so_far)))
    # One after the other.
    assert len(set(kept)) == len(TRANSLATIONS) and kept[-1] == repr(told)
    assert told["sentences"] == 20 and set(told["digests"]) == {f"{n}.txt" for n in TRANSLATIONS}
    check_digests(tmp_path / "decodes", told["digests"], "")
    for name in TRANSLATIONS:
        text = (tmp_path / "decodes" / f"{name}.txt").read_text(encoding="utf-8")
        assert text == name.replace(".", " ") + "\n"
    verified = {"passes": 4.0, "tokens_per_pass": 1.0}
    assert told["acceptance"] == {
        name: verified for name in TRANSLATIONS if name.endswith(".rescored_5")
    }


def test_what_is_translated_already_is_left_alone(tmp_path, monkeypatch):
    translated = []

    def translate(_, system, decoding, sources):
        translated.append(f"{system}.{decoding}")
        return Translations(Sentences(sources[:1]), [[Hypothesis("new", 0.0, (5,))]])

    monkeypatch.setattr(Exports, "translate", translate)
    teachers = [f"teacher.{name}" for name in ("greedy", "beam4")]
    done = {
        "digests": {f"{name}.txt": "as it was" for name in teachers},
        "acceptance": {"teacher.greedy": {"passes": 1.0}},
    }
    told = evaluation_of(RECIPE, tmp_path).decode(done, lambda told: None)
    assert translated == [name for name in TRANSLATIONS if name not in teachers]
    assert {told["digests"][f"{name}.txt"] for name in teachers} == {"as it was"}
    assert told["digests"].keys() == {f"{name}.txt" for name in TRANSLATIONS}
    assert told["acceptance"] == done["acceptance"]
    assert (tmp_path / "decodes" / "teacher.beam4.txt").read_text() != "new\n"


def test_what_is_timed_already_is_not_timed_again_but_for_the_baseline(tmp_path, monkeypatch):
    """Which a speedup is over: of another hour, with another machine's load."""

    def time_systems(exports, keys, sources, alone):
        timed.append([".".join(key) for key in keys])
        return {name: {"median_ms": 24.0, "cpu_share": 1.0} for name in timed[-1]} | {"threads": 1}

    timed = []
    monkeypatch.setattr(evaluate, "time_systems", time_systems)
    monkeypatch.setattr(Exports, "size_mib", lambda *_: 1.0)
    names = list(TRANSLATIONS)
    done = {name: {"median_ms": 8.0, "speedup": 7.0} for name in names if name != names[-1]}
    evaluation = evaluation_of(RECIPE, tmp_path)
    told = evaluation.latency(done)
    assert timed == [["teacher.beam4", names[-1]]]
    assert told.keys() == {*names, "threads"}
    assert {name: told[name] for name in done} == done
    assert (told[names[-1]]["median_ms"], told[names[-1]]["speedup"]) == (24.0, 1.0)
    assert evaluation.latency(told) == told and len(timed) == 1


def test_rows_of_scores_and_speed(tmp_path):
    _, rows = report(tmp_path)
    assert [".".join(key) for key in rows.decoded()] == list(TRANSLATIONS)
    bleu = {name: rows.get("bleu_13a", *name.split(".")) for name in TRANSLATIONS}
    assert bleu["teacher.beam4"] == pytest.approx(100.0)
    assert sorted(bleu, key=bleu.get) == [
        "student_nll.one_pass",
        "student_align.one_pass",
        "student_nll.rescored_5",
        "student_align.rescored_5",
        "teacher.greedy",
        "teacher.beam4",
    ]
    speedups = [rows.get("speedup", *name.split(".")) for name in TRANSLATIONS]
    assert speedups == [1.5, 1.0, 10.0, 5.0, 10.0, 5.0]
    assert rows.get("repetition_percent", "teacher", "beam4") == 0.0
    assert rows.get("latency_p95_ms", "teacher", "beam4") == 12.0
    assert rows.get("throughput", "teacher", "beam4") == 90.0
    assert rows.get("ter", "teacher", "beam4") == 0.0
    assert rows.get("chrf_pp", "teacher", "beam4") == pytest.approx(100.0)
    assert (rows.get("sentences"), rows.get("bleu_convention")) == (20, "wmt14_compound")
    assert rows.get("signature.bleu_13a").startswith("nrefs:1|case:mixed")
    assert "nw:2" in rows.get("signature.chrf_pp") and "tercom" in rows.get("signature.ter")
    assert rows.get("tokens_per_pass", "student_nll", "one_pass") == 2.5
    assert rows.get("passes", "student_nll", "one_pass") == 5.0
    assert rows.get("passes", "student_align", "one_pass") is None
    assert rows.get("settings.average") == 2 and rows.get("settings.steps", "teacher") == 3


def test_a_score_that_fails_costs_no_other_row(tmp_path, monkeypatch):
    def fails(sources, hypotheses, references):
        raise ZeroDivisionError("division by zero")

    def words(sources, hypotheses, references):
        return sum(map(len, map(str.split, hypotheses)))

    scores = {"broken": fails, "words": words, "nothing": lambda *texts: None}
    monkeypatch.setattr(registry, "scores", lambda: scores)
    with pytest.raises(InputError) as told:
        report(tmp_path)
    assert str(told.value) == (
        "score 'broken' failed: ZeroDivisionError: division by zero; score 'nothing' must return a "
        f"number, got NoneType. {tmp_path / 'results.jsonl'} has all other rows; mend the score "
        "and run the same command to have its own."
    )
    rows = Rows(read_rows(tmp_path), "tiny")
    assert rows.get("score.words", "teacher", "beam4") == sum(len(r.split()) for r in REFERENCES)
    assert {row.metric for row in rows.rows if row.metric.startswith("score.")} == {"score.words"}
    assert (tmp_path / "report.md").is_file()
    scores.clear()
    report(tmp_path)


def test_quality_is_drawn_over_what_was_timed(tmp_path):
    finished, _ = report(tmp_path)
    files = ("quality_latency.png", "quality_throughput.png")
    text = finished.report.read_text(encoding="utf-8")
    assert all(f"({name})" in text and (tmp_path / name).is_file() for name in files)


def test_an_experiment_of_before_throughput_is_reported(tmp_path):
    """With what its stages measured then."""
    timed = {"median_ms": 30.0, "mean_ms": 31.0, "p90_ms": 40.0, "calls": 6, "warmup_calls": 2}
    latency = dict.fromkeys(TRANSLATIONS, timed)
    finished = evaluation_of(RECIPE, tmp_path).report(1, {"settings": {}}, latency, {}, {})
    rows = Rows(read_rows(tmp_path), "tiny")
    assert rows.get("latency_ms", "teacher", "beam4") == 30.0
    measured = {row.metric for row in rows.rows}
    assert not measured & {"latency_p95_ms", "throughput", "throughput_batch", "size_mib"}
    text = finished.report.read_text(encoding="utf-8")
    assert "quality_latency.png" in text and "quality_throughput.png" not in text
    assert "## Results" in text and "## What to choose" not in text


def test_nothing_is_drawn_over_what_was_not_timed(tmp_path):
    finished, _ = report(tmp_path, timed=False)
    assert "quality_" not in finished.report.read_text(encoding="utf-8")
    assert not list(tmp_path.glob("quality_*"))


def test_systems_are_compared_under_the_same_decoding(tmp_path):
    _, rows = report(tmp_path)
    found = {
        (row.system, row.decoding, row.metric): row.value
        for row in rows.rows
        if ".vs." in row.metric
    }
    assert set(found) == {
        (system, decoding, f"{what}.vs.{baseline}")
        for what in ("difference", "p_value")
        for system, decoding, baseline in [
            ("student_align", "one_pass", "student_nll"),
            ("student_align", "rescored_5", "student_nll"),
        ]
    }
    assert found["student_align", "one_pass", "p_value.vs.student_nll"] < 0.05
    assert found["student_align", "one_pass", "difference.vs.student_nll"] > 0


def test_rows_in_another_runtime_say_so(tmp_path):
    """Their speed-up is over the baseline that they were timed beside."""
    fast = Decoding("one_pass_fast", systems=("student_nll",), runtime="litert_int8")
    recipe = dataclasses.replace(RECIPE, decodings=(*RECIPE.decodings, fast))
    path = tmp_path / "decodes" / "student_nll.one_pass_fast.txt"
    path.write_text("".join(f"{line}\n" for line in REFERENCES), encoding="utf-8")
    timed = {"student_nll.one_pass_fast": {"median_ms": 2.0, "speedup": 12.0, **LATENCY}}
    latency = {name: {"median_ms": ms, **LATENCY} for name, (_, ms) in TRANSLATIONS.items()}
    evaluation_of(recipe, tmp_path).report(1, {"settings": {}}, latency | timed, {}, {})
    rows = Rows(read_rows(tmp_path), "tiny")
    key = ("student_nll", "one_pass_fast")
    assert rows.get("runtime", *key) == "litert_int8" and rows.get("speedup", *key) == 12.0
    assert rows.get("runtime", "student_nll", "one_pass") is None


def test_without_a_baseline_nothing_is_a_speed_up(tmp_path):
    _, rows = report(tmp_path, dataclasses.replace(RECIPE, baseline=None))
    assert not rows.by_seed("speedup", "teacher", "greedy")
    _, rows = report(tmp_path, timed=False)
    assert not {row.metric for row in rows.rows} & {"speedup", "latency_ms"}


def test_what_was_seen_of_states_are_rows(tmp_path):
    seen = {"teacher": {"cosine": {"raw": {"mean": 0.2, "last": {"below_0.25": 0.5}}}}}
    _, rows = report(tmp_path, states={"systems": seen, "figures": []})
    assert rows.get("cosine.raw.last.below_0.25", "teacher") == 0.5


def test_samples_are_spread_over_the_test_set(tmp_path):
    evaluation = evaluation_of(RECIPE, tmp_path)
    samples = evaluation._samples()
    assert len(samples) == SAMPLES
    places = [SOURCES.index(sample["source"]) for sample in samples]
    assert places == [0, 2, 4, 6, 8, 10, 12, 14]
    assert samples[1] == {
        "source": SOURCES[2],
        "reference": REFERENCES[2],
        "teacher": TRANSLATIONS["teacher.beam4"][0][2],
        "nll": TRANSLATIONS["student_nll.one_pass"][0][2],
        "+align": TRANSLATIONS["student_align.one_pass"][0][2],
    }


def test_text_that_may_not_be_copied_is_in_neither_file(tmp_path):
    assert "barks loudly" in report(tmp_path)[0].report.read_text()
    report(tmp_path, TINY_RECIPE)
    for file in ("results.jsonl", "report.md"):
        assert "barks loudly" not in (tmp_path / file).read_text()


def test_translations_that_are_not_of_these_data_are_refused(tmp_path):
    (tmp_path / "decodes" / "teacher.beam4.txt").write_text("one line\n")
    with pytest.raises(InputError):
        report(tmp_path)
    assert not (tmp_path / "results.jsonl").exists()


def test_training_is_drawn_where_it_left_summaries(tmp_path, monkeypatch):
    report(tmp_path)
    assert not (tmp_path / "training.png").exists()
    scalars = Objective(registry.hparams("transformer_nat_small_hints")).scalars()
    for system, told in (
        ("student_align", {"nll": 2.0, "gate_fraction": 0.5}),
        ("student_nll", {"nll": 3.0}),
    ):
        Summaries(tmp_path / system, scalars=scalars).training(5, told)
    drawn = []
    monkeypatch.setattr(charts, "training_curves_figure", lambda curves: curves)
    monkeypatch.setattr(charts, "save", lambda *args: drawn.append(args))
    finished, rows = report(tmp_path)
    curves = {
        "nll": {"nll": ([5], [3.0]), "+align": ([5], [2.0])},
        "gate_fraction": {"+align": ([5], [0.5])},
    }
    assert drawn[-1] == (curves, tmp_path / "training.png")
    assert "training.png" in finished.report.read_text()
    assert len(rows.get("training.sha256", "student_nll")) == 64


def test_latency_tells_its_threads(tmp_path):
    latency = {"teacher.beam4": {"median_ms": 30.0, **LATENCY}, "threads": 1}
    evaluation_of(RECIPE, tmp_path).report(1, {"settings": {}}, latency, {}, {})
    rows = Rows(read_rows(tmp_path), "tiny")
    assert (rows.get("latency_threads"), rows.get("latency_ms", "teacher", "beam4")) == (1, 30.0)


@pytest.mark.parametrize(("share", "warns"), [(0.55, True), (0.99, False)])
def test_a_busy_machine_is_told(tmp_path, monkeypatch, capsys, share, warns):
    def time_systems(exports, keys, sources, alone):
        return {".".join(key): {"median_ms": 30.0, "cpu_share": share} for key in keys}

    monkeypatch.setattr(evaluate, "time_systems", time_systems)
    monkeypatch.setattr(type(evaluation_of(RECIPE, tmp_path).exports), "size_mib", lambda *_: 1.0)
    evaluation_of(RECIPE, tmp_path).latency({})
    told = capsys.readouterr().err
    assert ("measured with 55% of a processor" in told) == warns
    assert ("stages/latency.json" in told) == warns


def test_a_recipe_with_nothing_in_saved_models_times_nothing(tmp_path, monkeypatch):
    fast = Decoding("fast", systems=("student_nll",), runtime="litert_int8")
    recipe = dataclasses.replace(RECIPE, decodings=(fast,), baseline=None)
    monkeypatch.setattr(evaluate, "time_systems", lambda exports, keys, *_: {"threads": 1})
    assert evaluation_of(recipe, tmp_path).latency({}) == {"threads": 1}
