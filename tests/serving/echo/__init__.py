"""A user's directory that registers the runtime of echo_export.py, for a server of its own."""

from t2t_hint_nart import registry
from tests.serving.echo_export import Echo

registry.register_runtime(Echo)
