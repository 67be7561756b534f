"""Imports a user's own directory of models, sets and problems: `--t2t_usr_dir`.

As in T2T, it is imported as a package of its own name, found in its parent directory.
"""

import importlib
import sys
import traceback
from pathlib import Path

from t2t_hint_nart import t2t_imports
from t2t_hint_nart.errors import InputError

_imported: list[str] = []


def imported_directories() -> tuple[str, ...]:
    """Return the paths of what was imported, for another process to import it too."""
    return tuple(_imported)


def import_directory(path: str) -> None:
    """Import a directory, whose `__init__.py` must import the modules holding registrations.

    Args:
        path: the directory, absolute or relative to the working directory; an empty path is
            ignored.

    Raises:
        InputError: if it is not a package, its name is that of another importable module, or its
            own code fails; the message then names the line, and what to write instead of imports of
            tensor2tensor.
    """
    if not path:
        return
    directory = Path(path).expanduser().resolve()
    if not (directory / "__init__.py").is_file():
        raise InputError(
            f"--t2t_usr_dir={path} must be a directory with an __init__.py that imports the "
            f"modules to register; {directory / '__init__.py'} does not exist"
        )
    if not directory.name.isidentifier():
        raise InputError(
            f"--t2t_usr_dir={path} cannot be imported: rename '{directory.name}' to a Python "
            "identifier (letters, digits and underscores)"
        )
    sys.path.insert(0, str(directory.parent))
    try:
        module = importlib.import_module(directory.name)
    except Exception as error:
        raise InputError(f"--t2t_usr_dir={path} {_failure(error, directory)}") from error
    finally:
        sys.path.remove(str(directory.parent))
    imported = Path(module.__file__ or "").resolve()
    if imported.parent != directory:
        raise InputError(
            f"--t2t_usr_dir={path} cannot be imported: the name '{directory.name}' already "
            f"belongs to {imported}; rename the directory"
        )
    if str(directory) not in _imported:
        _imported.append(str(directory))


def _failure(error: Exception, directory: Path) -> str:
    """Return what failed in a directory's own code, and what to write instead if that is known."""
    missing = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    root = missing.split(".")[0]
    if root == t2t_imports.T2T:
        return (
            "imports tensor2tensor, which this library takes the place of"
            f"{_place(error, directory)}. Write instead: {t2t_imports.advice(directory)}"
        )
    if root and ((directory / f"{root}.py").is_file() or (directory / root).is_dir()):
        return (
            f"failed to import: '{root}' is a module of this directory, which is imported as a "
            f"package: write 'from {directory.name} import {root}' or 'from . import {root}'"
            f"{_place(error, directory)}"
        )
    return f"failed to import: {_told(error)}{_place(error, directory)}"


def failure(error: Exception) -> str:
    """Return the kind of error that a user's code raised, its message and ` (file:line)`, if known.

    Example:
        >>> failure(ZeroDivisionError("division by zero"))
        'ZeroDivisionError: division by zero'
    """
    places = (_place(error, Path(directory)) for directory in _imported)
    return _told(error) + next(filter(None, places), "")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _place(error: Exception, directory: Path) -> str:
    """Return ` (file:line)` of the last line of the user's own code in the traceback."""
    if isinstance(error, SyntaxError) and error.filename:
        return ""  # its message ends in the file and line already
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(directory)
    ]
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""
