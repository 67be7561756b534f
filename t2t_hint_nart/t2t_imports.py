"""What the imports of tensor2tensor that a user's directory may have are called here."""

import ast
from collections.abc import Iterator
from pathlib import Path

T2T = "tensor2tensor"
# T2T's modules, and those of its names that are in another module here, without `tensor2tensor.`;
# docs/T2T_API.md has the same.
IMPORT_ROOTS = {
    "utils.registry": "t2t_hint_nart.registry",
    "utils.hparam": "t2t_hint_nart.hparam",
    "utils.trainer_lib": "t2t_hint_nart.output_dir",
    "utils.usr_dir": "t2t_hint_nart.registry",
    "utils.decoding": "t2t_hint_nart.decoding.decode_hparams",
    "data_generators.problem": "t2t_hint_nart.data.problem",
    "data_generators.text_problems": "t2t_hint_nart.data.text_problem",
    "data_generators.translate": "t2t_hint_nart.data.translate_problem",
    "data_generators.text_encoder": "t2t_hint_nart.text.text_encoder",
    "data_generators.tokenizer": "t2t_hint_nart.text.tokenizer",
    "layers.common_hparams.RangedHParams": "t2t_hint_nart.ranged_hparam",
    "layers.common_hparams": "t2t_hint_nart.hparams.basic",
    "models.transformer.Transformer": "t2t_hint_nart.models.transformer",
    "models.transformer": "t2t_hint_nart.hparams.transformer",
}


def written_here(source: str) -> Iterator[tuple[int, str]]:
    """Return what to write instead of the imports of tensor2tensor in a module's text.

    Yields:
        Line number, from 1, and the statement; without one, of what isn't here, an empty string.

    Raises:
        SyntaxError: the text isn't Python.

    Example:
        >>> list(written_here("from tensor2tensor.data_generators import text_problems, image"))
        [(1, 'from t2t_hint_nart.data import text_problem as text_problems'), (1, '')]
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            if module.split(".")[0] == T2T:
                for name in node.names:
                    yield node.lineno, _from(module, name.name, name.asname or name.name)
        elif isinstance(node, ast.Import):
            for name in node.names:
                root, _, path = name.name.partition(".")
                if root == T2T:
                    here = IMPORT_ROOTS.get(path, "")
                    alias = f" as {name.asname}" if name.asname else ""
                    yield node.lineno, f"import {here}{alias}" if here else ""


def _from(module: str, name: str, alias: str) -> str:
    """Return what to write for `from module import name as alias`."""
    path = module.partition(".")[2]
    whole = f"{path}.{name}"
    is_module = whole in IMPORT_ROOTS and name[0].islower()
    here = IMPORT_ROOTS.get(whole) or IMPORT_ROOTS.get(path)
    if not here:
        return ""
    package, _, name = here.rpartition(".") if is_module else (here, "", name)
    return f"from {package} import {name}" + (f" as {alias}" if alias != name else "")


def advice(directory: Path) -> str:
    """Return what to change in a directory's modules, one after the other, as part of a line."""
    told = []
    for path in sorted(directory.rglob("*.py")):
        try:
            found = list(written_here(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, SyntaxError):
            continue
        for number, statement in found:
            place = f"{path.relative_to(directory)}:{number}"
            told.append(f"{place} {statement or 'is of no counterpart, see docs/T2T_API.md'}")
    return "; ".join(told)
