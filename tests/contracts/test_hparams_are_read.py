"""No hyperparameter can be set without effect: each is read, or accepts its default alone."""

import ast

from t2t_hint_nart import registry
from tests.contracts.package_source import SOURCES

# T2T's, about how it computes and not about what: the result is the same here whatever they say.
WITHOUT_EFFECT = {"use_pad_remover"}


# What a set is called where it is read: layers have attributes of the names of hyperparameters.
SETS = {"hparams", "hp", "settings"}
# The objective reads that of every term, by the term's name.
WEIGHT = "_weight"


def is_set(node):
    name = getattr(node, "attr", getattr(node, "id", ""))
    return name.removeprefix("_") in SETS


def names_read():
    """What the package's own modules read of sets: hparams.name, hparams.get("name")."""
    found = set()
    for path in SOURCES:
        if path.parts[-2] == "hparams":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and is_set(node.value):
                found.add(node.attr)
            elif isinstance(node, ast.Call) and is_set(getattr(node.func, "value", None)):
                found.update(each.value for each in node.args if isinstance(each, ast.Constant))
    return found


def test_every_hyperparameter_is_read_or_fixed():
    unread = {}
    read = names_read()
    for set_name in registry.list_hparams():
        if set_name == "basic_1":  # what sets start from, and no model's
            continue
        hparams = registry.hparams(set_name)
        for name in hparams:
            fixed = isinstance(hparams.allowed(name), tuple)
            if not fixed and name not in read | WITHOUT_EFFECT and not name.endswith(WEIGHT):
                unread[name] = set_name
    assert unread == {}


def test_what_has_no_effect_is_not_read():
    read = names_read()
    assert WITHOUT_EFFECT.isdisjoint(read)
    # Decoder layers have an attribute of this name.
    assert "hidden_size" in read and "encdec_attention" not in read
