import pytest

from t2t_hint_nart import registry
from tests.serving.echo_export import Echo, write_echo


@pytest.fixture
def echo_export(tmp_path, monkeypatch):
    """An export without a model (echo_export.py), which this test alone can open."""
    registry.load_plugins()
    monkeypatch.setattr(registry._runtimes, "_entries", dict(registry._runtimes._entries))
    registry.register_runtime(Echo)
    return write_echo(tmp_path / "echo")


@pytest.fixture
def distillation(tmp_path, echo_export):
    """A distillation by such an export."""
    from tests.serving.distilled_by_echo import EchoDistillation

    return EchoDistillation(tmp_path, echo_export)
