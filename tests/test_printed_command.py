"""Command lines that are printed: what a shell makes of each is what was meant."""

import ast
import copy
import re
import shlex

import pytest

from t2t_hint_nart import registry, user_directory
from t2t_hint_nart.bin import command_line, hparams_search, t2t_reproduce
from t2t_hint_nart.printed_command import printed_command
from t2t_hint_nart.reproduce.report import translate_command
from tests.commands import succeed
from tests.contracts.package_source import ROOT, SOURCES
from tests.contracts.test_t2t_table import flags_of

ODD = "my data/it's $HOME; *"


def meant(line):
    """The program and the values of its flags, as a shell reads them."""
    program, *words = shlex.split(line)
    return program, dict(word.removeprefix("--").partition("=")[::2] for word in words)


@pytest.fixture
def usr_dir(tmp_path, monkeypatch):
    """A user's own directory in a place with a space, which is imported."""
    directory = tmp_path / "my own" / "mine"
    directory.mkdir(parents=True)
    (directory / "__init__.py").touch()
    monkeypatch.setattr(user_directory, "_imported", [str(directory)])
    return str(directory)


def values_of(command, **given):
    from absl import flags

    values = flags.FlagValues()
    for each in flags_of(command).values():
        values[each.name] = copy.deepcopy(each)
        # Other tests have given it.
        values[each.name].unparse()
    command_line.parse(values, [f"--{name}={value}" for name, value in given.items()])
    return values


def of_search():
    values = values_of("t2t-trainer", output_dir=ODD, data_dir=ODD, hparams="a=1")
    return hparams_search._command(values, {"b": [1, 2]})


MAKES = {
    "problem": lambda: registry.problem("algorithmic_reverse_tiny").generate_command(ODD),
    "own text": lambda: registry.problem("text2text_tmpdir").generate_command(ODD),
    "distilled": lambda: registry.problem("text2text_tmpdir_distill").generate_command(ODD),
    "search": of_search,
    "translate": lambda: translate_command(ODD),
}


@pytest.mark.parametrize("place", MAKES)
def test_paths_are_quoted_and_the_users_directory_is_named(usr_dir, place):
    program, flags = meant(MAKES[place]())
    assert flags.pop("t2t_usr_dir") == usr_dir
    assert flags.get("data_dir", ODD) == ODD and flags.get("export_dir", ODD) == ODD
    assert set(flags) <= set(flags_of(program)) and ODD in " ".join(flags.values())


def test_what_reproduces_an_experiment(usr_dir):
    given = {"recipe": "r", "output_dir": ODD, "t2t_usr_dir": "own", "questions": "a"}
    given |= {"tmp_dir": "text", "teacher_from": "runs/a", "systems": "b,c", "schedule": "test"}
    values = values_of("t2t-reproduce", **given)
    program, flags = meant(t2t_reproduce._command(values))
    assert program == "t2t-reproduce"
    assert flags == {**given, "random_seed": "1"}


def test_the_best_trial_is_trained_as_the_trials_were():
    hinted = {"teacher_export_dir": ODD, "warm_start_from": "runs/a", "random_seed": "3"}
    given = {"model": "transformer_nat", "train_steps": "9", **hinted}
    values = values_of(
        "t2t-trainer", output_dir="s", hparams="a=1,b=0", log_step_count_steps=5, **given
    )
    program, flags = meant(hparams_search._command(values, {"b": 2}))
    assert program == "t2t-trainer"
    assert flags == {**given, "output_dir": "s/best_trial", "hparams": "a=1,b=2"}


def test_datagen_says_what_comes_next(tmp_path, usr_dir):
    data_dir = tmp_path / ODD
    told = succeed(
        "t2t-datagen",
        problem="algorithmic_reverse_tiny",
        data_dir=data_dir,
        tmp_dir=tmp_path / "tmp",
        t2t_usr_dir=usr_dir,
    )
    program, flags = meant(told.splitlines()[-1])
    assert program == "t2t-trainer"
    assert (flags["data_dir"], flags["t2t_usr_dir"]) == (str(data_dir), usr_dir)


def test_another_program_knows_no_user_directory(usr_dir):
    assert printed_command("saved_model_cli show", dir="a b") == "saved_model_cli show --dir='a b'"


def test_a_switch_and_what_is_left_out():
    told = printed_command("t2t-x", a=True, b=None, c="", d=0, t2t_usr_dir=None)
    assert told == "t2t-x --a --d=0"


def strings(tree):
    """The pieces of text of a module but for docstrings, with their lines."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def test_no_other_place_writes_a_command_line():
    written = re.compile(r"t2t-[a-z-]+ --\w+=")
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        for line, text in strings(ast.parse(path.read_text("utf-8")))
        if written.search(text)
    ]
    assert not found, "use printed_command"


def printed():
    """The program and the names of flags of every call in the package."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "printed_command":
                names = [word.arg for word in node.keywords if word.arg]
                yield path.name, node.args[0].value, names


@pytest.mark.parametrize(("name", "program", "names"), list(printed()))
def test_every_flag_is_one_of_the_command(name, program, names):
    assert program == "saved_model_cli show" or set(names) <= set(flags_of(program))
