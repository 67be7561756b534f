import sys

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.t2t_imports import written_here


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


T2T_SET = """from tensor2tensor.models import transformer
from tensor2tensor.utils import registry

@registry.register_hparams
def my_t2t_set():
    return transformer.transformer_relative()
"""


def test_imports_of_tensor2tensor_are_refused_with_what_to_write(tmp_path):
    directory = make(
        tmp_path / "usr_t2t",
        __init__="from usr_t2t import sets, more\n",
        sets=T2T_SET,
        more="import tensor2tensor.data_generators.problem as p\nfrom tensor2tensor import rl\n",
    )
    with pytest.raises(InputError) as caught:
        registry.import_usr_dir(str(directory))
    assert str(caught.value) == (
        f"--t2t_usr_dir={directory} imports tensor2tensor, which this library takes the place of "
        f"({directory}/sets.py:1). Write instead: "
        "more.py:1 import t2t_hint_nart.data.problem as p; "
        "more.py:2 is of no counterpart, see docs/T2T_API.md; "
        "sets.py:1 from t2t_hint_nart.hparams import transformer; "
        "sets.py:2 from t2t_hint_nart import registry"
    )


def test_what_is_to_be_written_works(tmp_path):
    """The rest of the file stays as it is."""
    lines = dict(written_here(T2T_SET))
    ported = [lines.get(i, line) for i, line in enumerate(T2T_SET.splitlines(), 1)]
    text = "\n".join(ported)
    registry.import_usr_dir(str(make(tmp_path / "usr_ported", __init__=text)))
    made = registry.hparams("my_t2t_set")
    assert made == registry.hparams("transformer_relative")


def test_a_module_of_the_directory_imported_as_if_it_lay_on_the_path(tmp_path):
    directory = make(tmp_path / "usr_flat", __init__="import my_sets\n", my_sets=SETS)
    with pytest.raises(
        InputError,
        match=r"'my_sets' is a module of this directory.*: write 'from usr_flat import my_sets' or "
        r"'from \. import my_sets' \(.*__init__.py:1\)$",
    ):
        registry.import_usr_dir(str(directory))


def test_a_set_that_fails_when_it_is_made(tmp_path):
    """T2T has the function, this library hasn't."""
    text = SETS.replace("hparams.hidden_size = 768", "transformer_base.no_such_attribute()")
    directory = make(tmp_path / "usr_late", __init__=text)
    registry.import_usr_dir(str(directory))
    with pytest.raises(
        InputError,
        match=r"^hparams set 'my_wide_set' \(.*:4\) failed: AttributeError: .*'no_such_attribute' "
        r"\(.*usr_late/__init__.py:7\)$",
    ):
        registry.hparams("my_wide_set")
