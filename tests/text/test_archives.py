"""Members of archives, good and bad: one line that names archive and member."""

import io
import tarfile
import zipfile

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.archives import member_names, tar_lines, unpack, zip_lines
from t2t_hint_nart.text.lines import MAX_LINE_BYTES
from tests.files.test_whole_file import FULL

NAME = "a/text"
TEXT = "eins\nzwei\n" * 2000


def zipped(path, method=zipfile.ZIP_DEFLATED, text=TEXT):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(NAME, text)
    return path


def tarred(path, mode="w:gz", text=TEXT):
    info = tarfile.TarInfo(NAME)
    info.size = len(text)
    with tarfile.open(path, mode) as archive:
        archive.addfile(info, io.BytesIO(text.encode()))
    return path


def spoilt(path, place=60, by=b"\xff" * 9):
    content = path.read_bytes()
    path.write_bytes(content[:place] + by + content[place + len(by) :])


def encrypted(path):
    """Set the flag of encryption in both headers."""
    content = bytearray(zipped(path).read_bytes())
    for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + place] |= 1
    path.write_bytes(content)


def of_unknown_method(path):
    content = bytearray(zipped(path).read_bytes())
    for magic, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        content[content.index(magic) + place] = 97
    path.write_bytes(content)


def bad_deflate(path):
    spoilt(zipped(path))


def bad_lzma(path):
    spoilt(zipped(path, zipfile.ZIP_LZMA))


def bad_bzip2(path):
    spoilt(zipped(path, zipfile.ZIP_BZIP2))


def wrong_checksum(path):
    spoilt(zipped(path, zipfile.ZIP_STORED), by=b"Z")


def no_zip(path):
    path.write_bytes(b"no archive")


def without_member(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", "")


def bad_gzip(path):
    spoilt(tarred(path))


def bad_xz(path):
    spoilt(tarred(path, "w:xz"))


def cut_tar(path):
    path.write_bytes(tarred(path, "w").read_bytes()[:2000])


def link(kind, target):
    def write(path):
        info = tarfile.TarInfo(NAME)
        info.type, info.linkname = kind, target
        with tarfile.open(path, "w") as archive:
            archive.addfile(info)

    return write


ZIPS = [bad_deflate, bad_lzma, bad_bzip2, wrong_checksum, encrypted, of_unknown_method, no_zip,
        without_member]  # fmt: skip
TARS = [
    *(bad_gzip, bad_xz, cut_tar, no_zip),
    *(link(tarfile.SYMTYPE, "../../etc/passwd"), link(tarfile.SYMTYPE, NAME)),
    link(tarfile.LNKTYPE, "/etc/passwd"),
]


@pytest.mark.parametrize(
    ("damage", "read"),
    [*((zip_, zip_lines) for zip_ in ZIPS), *((tar, tar_lines) for tar in TARS)],
)
def test_a_bad_archive_is_told_in_one_line(tmp_path, damage, read):
    path = tmp_path / "archive"
    damage(path)
    name = NAME if read is zip_lines else "text"
    with pytest.raises(InputError) as told:
        list(read(path, name))
    assert f"'{name}' of '{path}'" in str(told.value) and "\n" not in str(told.value)
    with pytest.raises(InputError):
        unpack(path, NAME, tmp_path / "unpacked")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [zipped, tarred])
def test_lines_and_files(tmp_path, write):
    path = write(tmp_path / "archive")
    lines = zip_lines(path, NAME) if write is zipped else tar_lines(path, "text")
    assert "".join(lines) == TEXT
    assert member_names(path) == [NAME]
    unpack(path, NAME, tmp_path / "deep" / "text")
    assert (tmp_path / "deep" / "text").read_text() == TEXT


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("write", [zipped, tarred])
def test_a_full_disk_is_not_the_archives_fault(tmp_path, write):
    path = write(tmp_path / "archive")
    (tmp_path / "text.incomplete").symlink_to(FULL)
    with pytest.raises(OSError, match="No space left") as caught:
        unpack(path, NAME, tmp_path / "text")
    assert caught.value.filename == str(tmp_path / "text")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [zipped, tarred])
def test_a_line_that_would_fill_the_memory(tmp_path, write):
    path = write(tmp_path / "archive", text="eins\n" + "a" * (MAX_LINE_BYTES + 1))
    assert path.stat().st_size < MAX_LINE_BYTES / 500
    with pytest.raises(InputError, match=rf"has more than {MAX_LINE_BYTES} bytes in line 2"):
        list(zip_lines(path, NAME) if write is zipped else tar_lines(path, "text"))
