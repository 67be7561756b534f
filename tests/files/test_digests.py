import hashlib

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.digests import check_digests, file_digest, file_digests


@pytest.fixture
def written(tmp_path):
    (tmp_path / "a").mkdir()
    files = [tmp_path / "a" / "b", tmp_path / "c"]
    for file in files:
        file.write_text(file.name)
    return file_digests(tmp_path, files)


def test_by_paths_in_the_directory(tmp_path, written):
    digests = [hashlib.sha256(content).hexdigest() for content in (b"b", b"c")]
    assert written == dict(zip(("a/b", "c"), digests, strict=True))
    assert file_digest(tmp_path / "c") == written["c"]
    check_digests(tmp_path, written, "Write it again.")


def test_another_file_is_refused(tmp_path, written):
    (tmp_path / "a" / "b").write_text("d")
    with pytest.raises(InputError) as caught:
        check_digests(tmp_path, written, "Write it again.")
    assert str(caught.value) == (
        f"{tmp_path}/a/b isn't what was written there: its sha256 is 18ac3e7343f0..., not "
        f"3e23e8160039..., so it is damaged or of another model. Write it again."
    )


def test_a_missing_one_too(tmp_path, written):
    (tmp_path / "c").unlink()
    with pytest.raises(InputError) as caught:
        check_digests(tmp_path, written, "Write it again.")
    assert str(caught.value) == f"{tmp_path}/c is missing. Write it again."
