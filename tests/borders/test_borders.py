"""No module above models/ asks for a concrete model."""

import ast

from tests.contracts.package_source import SOURCES, module_name

CLASSES = {"Transformer", "TransformerNat", "EncoderDecoder"}
NAMES = {"transformer", "transformer_nat"}
# What is about models by their names: where they are registered and described, T2T's own defaults
# of flags, and checkpoints of the real tensor2tensor, which has these models alone.
NAMING = (
    "t2t_hint_nart.models",
    "t2t_hint_nart.hparams",
    "t2t_hint_nart.reproduce.recipes",
    "t2t_hint_nart.reproduce.studies",
    "t2t_hint_nart.reproduce.rivals",
    "t2t_hint_nart.interchange",
    "t2t_hint_nart.bin.t2t_import_checkpoint",
)
# Models that a flag means by default, or that a command line printed as the next step names.
DEFAULTS = {
    f"t2t_hint_nart.bin.t2t_{name}" for name in ("translate_all", "calibrate", "datagen", "distill")
}


def above_models():
    for path in SOURCES:
        name = module_name(path)
        if not name.startswith(NAMING):
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def concrete(tree):
    """Names of concrete models' classes and models that a module mentions in code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute | ast.alias):
            found = getattr(node, "id", None) or getattr(node, "attr", None) or node.name
            if found in CLASSES:
                yield found
        elif isinstance(node, ast.Constant) and node.value in NAMES:
            yield node.value


def test_no_module_above_models_names_one():
    mentioned = {name: sorted(set(concrete(tree))) for name, tree in above_models()}
    assert len(mentioned) > 100
    assert {name for name, found in mentioned.items() if found} <= DEFAULTS, mentioned


def test_a_planted_mention_is_found():
    planted = (
        "from t2t_hint_nart.models.transformer_nat import TransformerNat\n"
        "isinstance(model, TransformerNat)\n"
        "name == 'transformer'\n"
    )
    assert set(concrete(ast.parse(planted))) == {"TransformerNat", "transformer"}
