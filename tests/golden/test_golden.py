"""The golden files that are derived from the code are those that are committed."""

import pytest

from tests.golden.write import HERE, WRITERS, text


@pytest.mark.parametrize("name", WRITERS)
def test_unchanged(name):
    committed = (HERE / name).read_text(encoding="utf-8")
    assert text(name) == committed, "changed on purpose? `make golden`, and read the difference"
