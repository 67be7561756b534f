"""What benchmarks/speed.py measures is what it says, and its command works."""

import ast
import importlib
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from speed import engines, models, ratios
from speed.batches import TOKENS, batches
from speed.products import shapes
from speed.turns import Engine, Process, in_turns, running, statistics_of

from t2t_hint_nart import registry
from t2t_hint_nart.models.network import Canvas

ROOT = Path(__file__).parents[2]
V = 100
TOYS = """
def speaking(word, told):
    def call(case):
        with open(told, "a") as file:
            file.write(word + case + " ")
        return word * 2
    return call

def missing():
    import surely_not_installed
"""


def test_engines_take_turns_and_what_is_missing_is_left_out(tmp_path):
    (tmp_path / "toys.py").write_text(TOYS)
    told, said = tmp_path / "told", []
    wanted = [
        Engine(word, "toys:speaking", {"word": word, "told": str(told)}, group)
        for word, group in (("a", "1"), ("b", "2"), ("c", "1"))
    ]
    wanted.append(Engine("d", "toys:missing", {}, "2"))

    def start(group):
        path = {"PYTHONPATH": str(tmp_path)}
        return Process(group, log=tmp_path / "log", environment=path)

    with running(wanted, start, said.append) as processes:
        measured = in_turns(processes, {"x": "x", "y": "y"}, 2, said.append, turn_ms=0)
    rounds = "ax cx bx ay cy by "
    assert told.read_text() == rounds * 3
    assert said[0] == ("d is left out: ModuleNotFoundError: No module named 'surely_not_installed'")
    assert measured["b", "y"]["result"] == "bb"
    assert statistics_of(measured["c", "x"])["calls"] == 2


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").rglob("*.py")), ids=lambda p: p.name)
def test_what_a_benchmark_imports_when_it_runs_is_there(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("t2t_hint_nart"):
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")


def test_median_and_nearest_rank():
    times = {"cpu": list(range(1, 101)), "wall": [3.0, 1.0, 2.0]}
    assert statistics_of(times) == {
        "calls": 100,
        "cpu_ms": 50.5,
        "cpu_ms_p95": 95,
        "wall_ms": 2.0,
        "wall_ms_p95": 3.0,
    }


def network(role):
    registry.load_plugins()
    *sets, overrides = models.SIZES["tiny"]
    hparams = registry.hparams(sets[role == "student"]).parse(overrides)
    random.seed(1)
    return registry.model(models.ROLES[role])(hparams, V), hparams


def test_made_up_sentences_have_the_length_that_is_asked_for():
    encoder = models.vocabulary(V)
    assert encoder.vocab_size == V
    for length in (6, 25):
        ids = encoder.encode(models.sentence(length, seed=3, vocab_size=V))
        assert len(ids) + 1 == length


def test_random_weights_never_end_a_translation():
    made, _ = network("teacher")
    ids = np.random.default_rng(1).integers(2, V, (20, 9))

    def margins():
        logits = np.array(made.decode(made.encode(ids), Canvas(ids != 0, ids)).logits)
        return logits[..., 1] - logits[..., 2:].max(axis=-1)

    assert margins().max() > -10
    models._never_end(made)
    assert margins().max() < -30


def test_products_are_those_of_the_students_kernels():
    made, hparams = network("student")
    kernels = [
        tuple(weight.shape)
        for weight in made.weights
        if weight.name in ("kernel", "table") and "qk_transform" not in weight.path
    ]
    found = [right for left, right in shapes(hparams, V, 7) if len(left) == 2]
    assert sum(map(np.prod, found)) == sum(map(np.prod, kernels))
    assert {left[0] for left, _ in shapes(hparams, V, 7) if len(left) == 2} == {7}


def test_batches_have_as_many_tokens_as_they_say():
    for pair in batches(V):
        for side in pair:
            assert side.size == pytest.approx(TOKENS, rel=0.02)
            assert ((side == 1).sum(axis=1) == 1).all()


def row(engine, **facts):
    return {"size": "iwslt", "engine": engine, "threads": "one", **facts}


def test_the_table_says_what_is_reached():
    times = {
        engines.BEAM: 56.0,
        engines.LITERT_INT8: 2.0,
        engines.CT2_INT8_GREEDY: 12.0,
        engines.CT2_INT8_GREEDY + engines.STOCK: 9.0,
    }
    rows = [row(name, case="25", cpu_ms=ms, wall_ms=1.0) for name, ms in times.items()]
    rows.append({**row(engines.BEAM, case="25", cpu_ms=1.0), "threads": "all"})
    training = [row(name, cpu_ms=ms) for name, ms in (("PyTorch twin", 30.0), ("teacher", 20.0))]
    report = {
        "about": {"commit": "abc", "cpu": "a CPU", "gpus": []},
        "parts": {"decoding": {"rows": rows}, "training": {"rows": training}},
    }
    text = ratios.table(report, "cpu")
    assert "| our beam 4 / LiteRT int8 | iwslt, S=25 | 28.00 | ≥ 28 | yes |" in text
    # The faster of the two that CTranslate2 has.
    assert "| CTranslate2 int8 greedy / LiteRT int8 | iwslt, S=25 | 4.50 | ≥ 5 | no |" in text
    assert "| training step, PyTorch twin / teacher | iwslt | 1.50 | ≥ 1.4 | yes |" in text
    assert text.count("iwslt") == 3


def test_the_command_measures_and_keeps_what_it_has(tmp_path):
    command = [
        *(sys.executable, ROOT / "benchmarks" / "speed.py", "--quick"),
        *(f"--output_dir={tmp_path}", f"--work_dir={tmp_path / 'work'}"),
        "--engines=^one pass, LiteRT$|bare",
    ]

    def run(*flags):
        return subprocess.run([*command, *flags], capture_output=True, text=True, check=False)

    done = run("--only=decoding")
    assert not done.returncode, done.stderr
    report = json.loads((tmp_path / "speed.json").read_text())
    rows = report["parts"]["decoding"]["rows"]
    assert {(row["engine"], row["case"]) for row in rows} == {
        (name, case) for name in (engines.LITERT, engines.PRODUCTS) for case in ("12", "25")
    }
    assert all(row["cpu_ms"] > 0 and row["calls"] >= 2 for row in rows)
    assert (tmp_path / "table.md").read_text() == done.stdout
    assert (tmp_path / "latency.png").exists()
    run("--only=first")
    assert list(json.loads((tmp_path / "speed.json").read_text())["parts"]) == ["decoding", "first"]
    assert "--only=decode: there are decoding" in run("--only=decode").stderr
    # What another commit measured isn't lost.
    report["about"]["commit"] = "abc"
    (tmp_path / "speed.json").write_text(json.dumps(report))
    refused = run("--only=first")
    assert refused.returncode == 1 and "speed.json is of commit abc, not " in refused.stderr
    assert json.loads((tmp_path / "speed.json").read_text()) == report
