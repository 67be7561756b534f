import sys

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError


@pytest.fixture(autouse=True)
def own_entries(monkeypatch):
    registry.load_plugins()
    catalogue = registry._hparams
    monkeypatch.setattr(catalogue, "_entries", dict(catalogue._entries))
    modules, path = set(sys.modules), list(sys.path)
    yield
    assert sys.path == path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


SETS = """from t2t_hint_nart.registry import register_hparams
from t2t_hint_nart.hparams.transformer import transformer_base

@register_hparams
def my_wide_set():
    hparams = transformer_base()
    hparams.hidden_size = 768
    return hparams
"""


def make(directory, **files):
    directory.mkdir()
    for name, text in files.items():
        (directory / f"{name}.py").write_text(text)
    return directory


def test_registrations_of_a_directory_are_found(tmp_path, monkeypatch):
    make(tmp_path / "usr_one", __init__="from usr_one import sets\n", sets=SETS)
    monkeypatch.chdir(tmp_path)
    registry.import_usr_dir("usr_one/")
    assert registry.hparams("my_wide_set").hidden_size == 768
    assert "(usr_one/sets.py:4)" in registry.help_string()


def test_no_directory_is_no_error():
    registry.import_usr_dir("")


def test_what_is_no_package_is_refused(tmp_path):
    with pytest.raises(InputError, match="must be a directory with an __init__.py"):
        registry.import_usr_dir(str(tmp_path / "absent"))
    make(tmp_path / "not-a-name", __init__="")
    with pytest.raises(InputError, match="rename 'not-a-name' to a Python identifier"):
        registry.import_usr_dir(str(tmp_path / "not-a-name"))


def test_the_name_of_another_module_is_refused(tmp_path):
    make(tmp_path / "json", __init__="raise RuntimeError('imported')\n")
    with pytest.raises(InputError, match=r"the name 'json' already belongs to .*json/__init__.py"):
        registry.import_usr_dir(str(tmp_path / "json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nimport no_such_module_here\n", r"ModuleNotFoundError: .*__init__.py:2\)$"),
        ("x = (\n", r"SyntaxError: .*__init__.py, line 1\)$"),
        ("1 / 0\n", r"ZeroDivisionError: division by zero \(.*__init__.py:1\)$"),
    ],
)
def test_an_error_in_the_users_code_names_its_line(tmp_path, text, message):
    directory = make(tmp_path / "usr_broken", __init__=text)
    with pytest.raises(InputError, match=message) as caught:
        registry.import_usr_dir(str(directory))
    assert len(str(caught.value).splitlines()) == 1


def test_a_taken_name_is_refused_with_both_places(tmp_path):
    directory = make(tmp_path / "usr_taken", __init__=SETS.replace("my_wide_set", "transformer_l2"))
    with pytest.raises(InputError, match=r"transformer_ablation.py:\d+; .*__init__.py:4"):
        registry.import_usr_dir(str(directory))
