import inspect

import pytest

from t2t_hint_nart.catalogue import Catalogue, default_name
from t2t_hint_nart.errors import InputError, UnknownNameError

THIS_FILE = "tests/test_catalogue.py"


@pytest.fixture
def models():
    return Catalogue("model")


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("TransformerNat", "transformer_nat"),
        ("TranslateEndeWmt32k", "translate_ende_wmt32k"),
        ("TranslateDeenIwslt14", "translate_deen_iwslt14"),
        ("Text2textTmpdir", "text2text_tmpdir"),
        ("MLP", "mlp"),
    ],
)
def test_classes_are_named_in_snake_case(class_name, name):
    assert default_name(type(class_name, (), {})) == name


def test_functions_keep_their_name(models):
    @models.register
    def MyBase():
        """Mine."""

    assert models.names() == ["MyBase"]
    assert models.find("MyBase").value is MyBase


def test_bare_empty_and_named_decorators_return_what_they_register(models):
    @models.register
    class First: ...

    @models.register()
    class Second: ...

    @models.register("third_one")
    class Third:
        """The third.

        More of it.
        """

    assert models.names() == ["first", "second", "third_one"]
    assert [models.find(name).value for name in models.names()] == [First, Second, Third]
    assert [models.find(name).doc for name in models.names()] == ["", "", "The third."]
    assert "third_one" in models and "third" not in models


def test_an_entry_knows_where_it_was_registered(models):
    line = inspect.currentframe().f_lineno + 1
    models.register("here")(object)
    models.register_lazily("there", "a:B", "b")
    assert models.find("here").origin.endswith(f"{THIS_FILE}:{line}")
    assert models.find("there").origin.endswith(f"{THIS_FILE}:{line + 1}")


def test_a_name_is_registered_once(models):
    models.register("net")(int)
    with pytest.raises(InputError) as caught:
        models.register("net")(int)
    first, second = (
        int(part.split()[0].strip(";")) for part in str(caught.value).split(".py:")[1:]
    )
    assert str(caught.value).startswith("model 'net' is already registered at ")
    assert second == first + 2
    assert models.find("net").value is int


def test_an_unknown_name_lists_what_there_is_nearest_first(models):
    with pytest.raises(UnknownNameError, match=r"^model 'x' is not registered\. Registered: none$"):
        models.find("x")
    models.register("transformer_nat")(int)
    models.register("lstm")(int)
    with pytest.raises(UnknownNameError) as caught:
        models.find("transformer_net")
    assert str(caught.value) == (
        "model 'transformer_net' is not registered. Did you mean 'transformer_nat'? "
        "Registered: lstm, transformer_nat"
    )


def test_a_lazy_class_is_imported_when_asked_for_and_may_register_itself(models, monkeypatch):
    import fractions

    models.register_lazily("fraction", "fractions:Fraction", "A fraction.")
    assert models.find("fraction").value.load() is fractions.Fraction
    models.register("fraction")(fractions.Fraction)
    assert models.find("fraction").value is fractions.Fraction
    models.register_lazily("decimal", "decimal:Decimal", "")
    with pytest.raises(InputError, match="'decimal' is already registered"):
        models.register("decimal")(fractions.Fraction)


def test_an_entry_has_facts_and_loads_what_it_names(models):
    import fractions

    models.register_lazily("fraction", "fractions:Fraction", "", strategy="beam")
    models.register("number", strategy="greedy", criterion="ctc")(int)
    models.register(float)
    assert models.find("fraction").load() is fractions.Fraction
    assert models.find("number").load() is int
    assert dict(models.find("fraction").facts) == {"strategy": "beam"}
    assert dict(models.find("number").facts) == {"strategy": "greedy", "criterion": "ctc"}
    assert dict(models.find("float").facts) == {}
    # In the order of registration, whatever is added meanwhile.
    iterator = iter(models)
    models.register("another")(int)
    assert list(iterator) == ["fraction", "number", "float"]
    assert models.names() == ["another", "float", "fraction", "number"]


def test_a_refused_entry_is_not_added():
    def refuse(name, entry):
        raise InputError(f"{name} {entry.value}")

    refusing = Catalogue("model", refuse)
    with pytest.raises(InputError, match="^a <class 'int'>$"):
        refusing.register("a")(int)
    assert refusing.names() == []
