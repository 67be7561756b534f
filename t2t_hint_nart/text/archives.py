"""Text files inside archives, zip and tar, read line by line and told of in one line if damaged."""

import contextlib
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import written_whole
from t2t_hint_nart.text.lines import decoded

PathLike = str | os.PathLike[str]

_CHUNK_BYTES = 2**20

# What Python's modules raise for bad headers, checksums and compressed data, encrypted members
# (RuntimeError), unknown methods of compression (NotImplementedError) and missing members.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    ValueError,
)


@contextlib.contextmanager
def naming_archive(path: PathLike, what: str) -> Iterator[None]:
    """Turn errors of reading an archive inside the block into an InputError.

    Args:
        path: of the archive.
        what: is read, for the message.

    Raises:
        InputError: names both, and why.
    """
    try:
        yield
    except InputError:
        raise
    except _DAMAGE as error:
        reason = error.args[0] if isinstance(error, KeyError) and error.args else error
        reason = " ".join(str(reason).split())
        raise InputError(f"cannot read {what} of '{os.fspath(path)}': {reason}") from None


def zip_lines(path: PathLike, name: str) -> Iterator[str]:
    """Yield the lines of a member of a zip archive, with their line feeds.

    Raises:
        InputError: no such archive or member; it is encrypted, damaged or not UTF-8.
    """
    with (
        naming_archive(path, f"'{name}'"),
        zipfile.ZipFile(path) as archive,
        archive.open(name) as file,
    ):
        yield from decoded(file, f"'{name}' of '{os.fspath(path)}'")


def tar_lines(path: PathLike, name: str) -> Iterator[str]:
    """Yield the lines of a member of a tar archive, packed or not, with their line feeds.

    Args:
        path: of the archive.
        name: of the member, without the folder it is in.

    Raises:
        InputError: no such archive or member; it is a link, damaged or not UTF-8.
    """
    with (
        naming_archive(path, f"'{name}'"),
        tarfile.open(path, "r:*") as archive,
        _member(archive, name) as file,
    ):
        yield from decoded(file, f"'{name}' of '{os.fspath(path)}'")


def is_archive(path: PathLike) -> bool:
    """Return whether a file is a zip or tar archive, from how it begins or ends."""
    return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)


def member_names(path: PathLike) -> list[str]:
    """Return the names of an archive's members, folders included.

    Raises:
        InputError: no such archive, or it is damaged.
    """
    with naming_archive(path, "the list of files"):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return archive.namelist()
        with tarfile.open(path, "r:*") as tar:
            return tar.getnames()


def unpack(path: PathLike, name: str, target: PathLike) -> None:
    """Write a member of an archive, zip or tar, to a file, whole or not at all.

    Args:
        path: of the archive.
        name: of the member, with the folder it is in.
        target: path of the file, replaced if it exists.

    Raises:
        InputError: no such archive or member; it is encrypted, a link or damaged.
        OSError: the file can't be written; names it.
    """
    with written_whole(target) as incomplete, incomplete.open("wb") as file:
        file.writelines(_chunks(path, name))


def _chunks(path: PathLike, name: str) -> Iterator[bytes]:
    """Yield the bytes of a member of an archive."""
    with naming_archive(path, f"'{name}'"), contextlib.ExitStack() as stack:
        if zipfile.is_zipfile(path):
            member = stack.enter_context(zipfile.ZipFile(path)).open(name)
        else:
            archive = stack.enter_context(tarfile.open(path, "r:*"))
            member = _file(archive, archive.getmember(name))
        stack.enter_context(member)
        while chunk := member.read(_CHUNK_BYTES):
            yield chunk


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    for member in archive:
        if PurePosixPath(member.name).name == name and not member.isdir():
            return _file(archive, member)
    raise tarfile.TarError("the archive has no such file")


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    # A link may lead out of the archive, or to itself.
    file = archive.extractfile(member) if member.isreg() else None
    if file is None:
        raise tarfile.TarError("it is a link, a folder or a device, not a file")
    return file
