"""No hyperparameter can be set without effect: each is read, or accepts its default alone."""

import ast

from t2t_hint_nart import registry
from tests.contracts.package_source import SOURCES

# T2T's, about how it computes and not about what: the result is the same here whatever they say.
WITHOUT_EFFECT = {"use_pad_remover"}


def names_read():
    """Every attribute and every string in the package's own modules."""
    found = set()
    for path in SOURCES:
        if path.parts[-2] == "hparams":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                found.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
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
            if not fixed and name not in read | WITHOUT_EFFECT:
                unread[name] = set_name
    assert unread == {}


def test_what_has_no_effect_is_not_read():
    assert WITHOUT_EFFECT.isdisjoint(names_read())
