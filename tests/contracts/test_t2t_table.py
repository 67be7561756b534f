"""The documents for tensor2tensor users have one row for each of its names, and the rows are true.

t2t_names.json has what tensor2tensor 1.2.9, 1.15 and the authors' fork define, read from their
sources: flags with their defaults, sets, schedules, the registry's functions.
"""

import ast
import importlib
import json
import re
import shlex
from collections import Counter
from functools import cache
from pathlib import Path
from unittest import mock

import pytest
from absl import flags

from t2t_hint_nart import registry
from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flag import DEFAULT_ONLY
from t2t_hint_nart.bin.schedules import SCHEDULES
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.t2t_imports import written_here
from tests.contracts.test_commands import console_scripts

ROOT = Path(__file__).parents[2]
T2T = json.loads(Path(__file__).with_name("t2t_names.json").read_text("utf-8"))
STATUS = ("same", "differs", "left out", "new")
HERE = ("same", "differs", "new")
# T2T's commands that take the flags of its trainer, of which they use some.
TRAINERS_FLAGS = ("t2t-decoder", "t2t-eval", "t2t-exporter", "t2t-distill")


@cache
def document(name):
    return (ROOT / "docs" / name).read_text("utf-8")


def rows(name, heading):
    """The cells of a table below a heading: first cell without quotes and dashes, then the rest."""
    section = document(name).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = [
        [cell.strip() for cell in line.strip()[1:-1].split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    return [[row[0].strip("`").removeprefix("--"), *row[1:]] for row in cells]


def check_names(found, expected):
    """Every expected name exactly once, and no other."""
    counts = Counter(found)
    assert [name for name, count in counts.items() if count > 1] == []
    assert set(counts) == set(expected), set(counts) ^ set(expected)


def check_status(table, theirs, ours):
    """Names of T2T aren't new, others are; what is here is here, what is left out isn't."""
    for name, status, *note in table:
        assert status in STATUS, name
        assert (status == "new") == (name not in theirs), name
        assert (status in HERE) == (name in ours), (name, status)
        if status in ("differs", "left out"):
            assert note and note[0], f"{name}: why?"


@cache
def flags_of(command):
    """What a command defines, without running it."""
    module = importlib.import_module(f"t2t_hint_nart.bin.{command.replace('-', '_')}")
    with mock.patch.object(command_line, "run") as run:
        module.main()
    values = flags.FlagValues()
    for define in run.call_args.args[2:]:
        define(values)
    return {name: values[name] for name in values}


def test_commands():
    table = rows("T2T.md", "Commands")
    named = [name for name, *_ in table]
    assert len(named) == len(set(named))
    assert set(T2T["commands"]) <= set(named)
    here = []
    for name, status, note in table:
        assert status in STATUS and (note or status == "same"), name
        assert (status == "new") == (name not in T2T["commands"]), name
        if status != "left out":
            # A module of T2T: its command here is the first in the note.
            here.append(name if name.startswith("t2t-") else re.findall(r"t2t-[a-z-]+", note)[0])
        else:
            assert name not in console_scripts(), name
    assert set(here) == set(console_scripts())


@pytest.mark.parametrize("command", console_scripts())
def test_flags(command):
    defined = flags_of(command)
    theirs = dict(T2T["flags"].get(command, {}))
    if command in TRAINERS_FLAGS:
        trainers = T2T["flags"]["t2t-trainer"]
        theirs |= {name: trainers[name] for name in trainers if name in defined}
        # Its own way to say it, or a flag of its own and of the trainer.
        theirs |= T2T["flags"].get(command, {})
    table = rows("T2T_FLAGS.md", command)
    check_names([name for name, *_ in table], {*theirs, *defined})
    useful = {name for name, flag in defined.items() if not flag.help.startswith(DEFAULT_ONLY)}
    kept = {name for name, status, *_ in table if status == "differs" and name in defined}
    check_status(table, theirs, useful | kept)
    for name, status, note in table:
        if status != "same":
            continue
        defaults = theirs[name]
        newest = defaults.get("1.15", defaults.get("1.2.9", defaults.get("fork")))
        assert (defined[name].default or None) == (newest or None), name
        if any((value or None) != (newest or None) for value in defaults.values()):
            assert "1.2.9" in note, f"{name} had another default in 1.2.9"


def test_the_commands_of_the_document_are_all():
    headings = re.findall(r"^## (t2t-.*)$", document("T2T_FLAGS.md"), re.MULTILINE)
    check_names(headings, console_scripts())


def test_decode_hparams():
    strategies = [decode_hparams("", name) for name in registry.list_strategies()]
    ours = {name: hparams for hparams in strategies for name in hparams}
    table = rows("T2T_FLAGS.md", "Decode hparams")
    check_names([name for name, *_ in table], {*T2T["decode_hparams"], *ours})
    useful = {name for name, hparams in ours.items() if _is_free(hparams, name)}
    check_status(table, T2T["decode_hparams"], useful)
    for name, status, *_ in table:
        if status == "same":
            defaults = T2T["decode_hparams"][name]
            assert ours[name].get(name) in defaults.values(), name


def _is_free(hparams, name):
    allowed = hparams.allowed(name)
    return not isinstance(allowed, tuple) or len(allowed) > 1


def test_schedules():
    table = rows("T2T_FLAGS.md", "Schedules")
    check_names([name for name, *_ in table], T2T["schedules"])
    check_status(table, T2T["schedules"], set(SCHEDULES))


def test_typed_commands():
    from t2t_hint_nart.serving.interactive import HELP

    table = rows("T2T_FLAGS.md", "Typed commands")
    check_names([name for name, *_ in table], T2T["typed_commands"])
    assert all(f"  {name}" in HELP for name in T2T["typed_commands"])


@pytest.mark.parametrize(
    ("heading", "kind", "ours"),
    [
        ("Sets", "sets", registry.list_hparams),
        ("Ranges", "ranges", registry.list_ranged_hparams),
        ("Optimizers", "optimizers", registry.list_optimizers),
    ],
)
def test_registered_names(heading, kind, ours):
    theirs = T2T[kind]
    table = rows("T2T_SETS.md", heading)
    check_names([name for name, *_ in table], {*theirs, *ours()})
    check_status([[name, *rest] for name, _, *rest in table], theirs, ours())
    for name, versions, *_ in table:
        assert versions == ", ".join(theirs.get(name, [])), name


def test_hyperparameters():
    section = document("T2T_SETS.md").split("\n## Hyperparameters\n")[1]
    listed = {
        title: re.findall(r"`(\w+)`", text.split(": ", 1)[1])
        for title, text in re.findall(r"^\*\*(.*?)\*\*(.*?)(?=\n\n|\Z)", section, re.M | re.S)
    }
    hparams = registry.hparams("transformer_base")
    unknown = {name for name in T2T["hparams"] if name not in hparams}
    free = {name for name in T2T["hparams"] if name in hparams and _is_free(hparams, name)}
    check_names(listed["Here"], free)
    check_names(listed["Left out"], unknown | ({"num_sampled_classes"} & unknown))
    check_names(listed["Default only"], set(T2T["hparams"]) - free - unknown)


def test_functions_of_the_registry():
    table = rows("T2T_API.md", "The registry")
    tree = ast.parse((ROOT / "t2t_hint_nart/registry.py").read_text("utf-8"))
    ours = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    ours |= {node.targets[0].id for node in tree.body if isinstance(node, ast.Assign)}
    ours = {name for name in {*ours, "default_name"} if not name.startswith("_")}
    check_names([name for name, *_ in table], {*T2T["registry"], *ours})
    for name, versions, status, note in table:
        assert versions == ", ".join(T2T["registry"].get(name, [])), name
        assert (status == "new") == (name not in T2T["registry"]), name
        if status == "differs" and name not in ours:
            (name,) = re.findall(r"`(\w+)`", note)
        assert (status != "left out") == (name in ours), name


IMPORT_ROOTS = {theirs: here.strip("`") for theirs, here in rows("T2T_API.md", "Import roots")}


def test_names_to_keep_importable_have_an_import_root():
    short = {".".join(name.split(".")[-2:]) for name in IMPORT_ROOTS}
    functions = {f"registry.{name}" for name in T2T["registry"]}
    assert set(T2T["api"]) <= short | functions


@pytest.mark.parametrize("theirs", IMPORT_ROOTS)
def test_import_roots(theirs):
    here = IMPORT_ROOTS[theirs]
    module, _, name = here.rpartition(".")
    try:
        assert importlib.import_module(here)
    except ModuleNotFoundError:
        assert hasattr(importlib.import_module(module), name)
    if theirs.count(".") == 3:
        assert theirs.rpartition(".")[2] == name


def test_a_refused_import_is_told_what_the_table_says():
    for theirs, here in IMPORT_ROOTS.items():
        package, _, name = theirs.rpartition(".")
        ((_, told),) = written_here(f"from {package} import {name}")
        package, _, name = here.rpartition(".")
        assert told.partition(" as ")[0] == f"from {package} import {name}"


def test_readme_links_the_documents():
    text = (ROOT / "README.md").read_text("utf-8")
    for name in ("T2T.md", "T2T_FLAGS.md", "T2T_SETS.md", "T2T_API.md"):
        assert f"docs/{name}" in text or f"({name})" in document("T2T.md")
    assert "docs/T2T.md" in text


def test_no_row_says_to_do():
    for path in (ROOT / "docs").glob("T2T*.md"):
        assert not re.search(r"to ?do|not yet|later", path.read_text("utf-8"), re.I), path


def commands_of(path):
    """The command lines of a document's code blocks, as lists of words."""
    text = path.read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    commands = [line.removesuffix(" &") for line in lines if line.startswith("t2t-")]
    return [shlex.split(command, comments=True) for command in commands]


DOCUMENTED = [
    (path.name, command)
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
    for command in commands_of(path)
]


def test_the_walkthrough_is_there():
    assert len(DOCUMENTED) > 15
    names = [command[0] for name, command in DOCUMENTED if name == "T2T.md"]
    walkthrough = names[names.index("t2t-trainer") :]
    assert [name.removeprefix("t2t-") for name in walkthrough[:5]] == [
        "trainer",
        "datagen",
        "trainer",
        "decoder",
        "bleu",
    ]


@pytest.mark.parametrize(
    ("name", "command"), DOCUMENTED, ids=[f"{n}-{i}-{c[0]}" for i, (n, c) in enumerate(DOCUMENTED)]
)
def test_command_lines_of_the_documents_parse(name, command):
    values = flags.FlagValues()
    for flag in flags_of(command[0]).values():
        values[flag.name] = flag
    command_line.parse(values, command[1:])
    registered = {
        "model": registry.list_models,
        "hparams_set": registry.list_hparams,
        "problem": registry.list_problems,
        "recipe": registry.list_recipes,
    }
    for flag, known in registered.items():
        named = values[flag].value if flag in values else None
        if named and "$" not in named and named != "my_text":
            assert named.removesuffix("_distill") in known()
