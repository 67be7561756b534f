"""How the package reads and writes files: each kind by its one function."""

import ast

from tests.contracts.package_source import ROOT, SOURCES

WRITES = {"write_text", "write_bytes", "copy2", "copyfile", "copytree"}
NAMING = {"written_whole", "naming_file"}


def calls(tree):
    """Yield the name of each function or method that is called, and the call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            yield getattr(node.func, "attr", None) or getattr(node.func, "id", None), node


def opens_to_write(call):
    modes = [*call.args, *(word.value for word in call.keywords)]
    return any(
        isinstance(mode, ast.Constant)
        and isinstance(mode.value, str)
        and len(mode.value) <= 3
        and set(mode.value) & set("wax+")
        and set(mode.value) <= set("rwaxbt+")
        for mode in modes
    )


def named(tree):
    """The calls inside of a `with` that puts the file's name into an error."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.With):
            entered = {name for item in node.items for name, _ in calls(item)}
            if entered & NAMING:
                found |= {id(inner) for inner in ast.walk(node)}
    return found


def unnamed_writes(tree):
    safe = named(tree)
    return [
        call.lineno
        for name, call in calls(tree)
        if (name in WRITES or (name == "open" and opens_to_write(call))) and id(call) not in safe
    ]


def json_reads(tree):
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("load", "loads")
        and isinstance(node.value, ast.Name)
        and node.value.id == "json"
    ]


def places(find):
    """Of each file of the package where something is found, the lines."""
    found = {str(path.relative_to(ROOT)): find(ast.parse(path.read_text())) for path in SOURCES}
    return {name: lines for name, lines in found.items() if lines}


def test_a_full_disk_names_the_file():
    """Python names a file that can't be opened, but not one that can't be written."""
    found = places(unnamed_writes)
    # Its functions are those to use; a log of pairs is written long after it is opened.
    assert set(found) == {"t2t_hint_nart/data/shard_log.py"}, "use write_whole or naming_file"


def test_json_is_read_by_a_schema():
    assert not places(json_reads), "use read_json or parse_json"
