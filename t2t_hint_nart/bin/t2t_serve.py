r"""Serve an export over HTTP, as TensorFlow Serving's REST interface and as a plain one.

POST /v1/models/<name>:predict is TensorFlow Serving's, so that t2t-query-server --server and other
clients of it can ask; POST /translate takes {"text": "..."}, a sentence a line, or {"sentences":
["...", "..."]}. At / there is a page to try it; GET /healthz, /readyz (200 when the model is
loaded and warm) and /metrics (for Prometheus) are for operators. Sentences of requests that come at
about the same time are translated together.

On SIGTERM nothing more is accepted, and what was is answered. Only this machine can ask, unless
--host says otherwise: there is no encryption, and nobody is asked who they are; put a proxy that
does so before it. Needs pip install "t2t-hint-nart[serve]".

Examples:
  t2t-serve --export_dir=runs/quickstart/export/student_ctc_bigrams
  t2t-serve --export_dir=runs/quickstart/export/student_ctc_bigrams.litert_int8 --port=8080 \
    --teacher_export_dir=runs/quickstart/export/teacher.litert --decode_hparams=verified=True
  t2t-query-server --server=localhost:8501 --servable_name=student_ctc_bigrams
"""

import contextlib
import functools
import math
import os
import signal
import socket
from typing import TYPE_CHECKING

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.shared_flags import (
    define_decode_flags,
    define_thread_flags,
    define_usr_dir_flag,
)
from t2t_hint_nart.errors import InputError

if TYPE_CHECKING:
    from t2t_hint_nart.serving.rest_server import ModelServer

# For clients that are slow to read what they were answered, when the server ends.
_SECONDS_TO_READ = 5
_NEEDED = ("fastapi", "uvicorn", "prometheus_client")

# The model, where it is served, and what bounds requests.
define_flags = flag.group(
    export_dir=flag.path(None, "Export of any format; its newest version is served."),
    teacher_export_dir=flag.path(
        None, "Export of the teacher that ranks candidates or verifies drafts (--decode_hparams)."
    ),
    servable_name=flag.string(None, "Name of the model; by default that of --export_dir."),
    device=flag.string("", "cpu, gpu or gpu:1; by default the first GPU if there is one."),
    host=flag.string("127.0.0.1", "Address to listen at; 0.0.0.0 is every one of this machine."),
    port=flag.count(8501, "Port to listen at; 0 takes a free one, which is printed.", least=0),
    max_batch_size=flag.count(32, "Most sentences that are translated together."),
    max_batch_tokens=flag.count(4096, "Most tokens of these, padding included."),
    max_wait_ms=flag.number(2.0, "Longest time that a sentence waits for others."),
    max_queue=flag.count(1024, "Most sentences that wait; a request beyond that is answered 503."),
    max_sentences=flag.count(256, "Most sentences of a request; beyond that it is answered 400."),
    max_tokens=flag.count(0, "Most tokens of a sentence; 0: as many as the export takes.", least=0),
    max_body_bytes=flag.count(2**20, "Most bytes of a body; beyond that it is answered 413."),
    timeout_secs=flag.count(30, "Longest time to answer a request; beyond that it is 504."),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "export_dir")
    if not 0.0 <= values.max_wait_ms < float("inf"):
        raise InputError(f"--max_wait_ms must be at least 0, not {values.max_wait_ms}.")
    if values.max_sentences > values.max_queue:
        raise InputError(
            f"--max_sentences={values.max_sentences} would never fit into "
            f"--max_queue={values.max_queue}."
        )
    _check_installed()
    server = _server(values)
    with _listening(values.host, values.port) as listener:
        _serve(server, listener)
    if server.error is not None:
        raise server.error


def _check_installed() -> None:
    import importlib.util

    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(f'{", ".join(missing)} missing: pip install "t2t-hint-nart[serve]"')


def _server(values: flags.FlagValues) -> "ModelServer":
    """The server of an export that is there and can decode so."""
    from t2t_hint_nart.data.sentence_batches import LENGTH_OF_FULL_BATCHES
    from t2t_hint_nart.exports.metadata import newest_version, read_metadata
    from t2t_hint_nart.serving.export_decoding import check_scorer_is_wanted, settings_of_export
    from t2t_hint_nart.serving.loaded_export import load
    from t2t_hint_nart.serving.micro_batches import BatchLimits
    from t2t_hint_nart.serving.rest_server import ModelServer, RequestLimits

    folder = newest_version(values.export_dir).resolve()
    facts = read_metadata(folder)
    settings = settings_of_export(facts, values.decode_hparams)
    if settings.batch_size:
        raise InputError(
            f"batch_size={settings.batch_size} has no effect on a server: give --max_batch_size."
        )
    if values.teacher_export_dir:
        check_scorer_is_wanted(facts, settings, values.teacher_export_dir)
    is_version = folder.name.isdecimal()
    # What the server puts together isn't to be divided again for its length.
    of_short = -(-values.max_batch_tokens // LENGTH_OF_FULL_BATCHES)
    clauses = (values.decode_hparams, f"batch_size={max(values.max_batch_size, of_short)}")
    return ModelServer(
        values.servable_name or (folder.parent if is_version else folder).name,
        int(folder.name) if is_version else 1,
        functools.partial(
            load,
            folder,
            values.teacher_export_dir,
            ",".join(filter(None, clauses)),
            values.device,
        ),
        BatchLimits(
            values.max_batch_size,
            values.max_batch_tokens,
            values.max_wait_ms / 1000,
            values.max_queue,
        ),
        RequestLimits(
            values.max_body_bytes, values.max_sentences, values.max_tokens, values.timeout_secs
        ),
    )


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InputError: it can't, there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else getattr(error, "strerror", None) or error
        raise InputError(f"--host={host} --port={port}: {reason}.") from error
    # Connections inherit it: an answer's body doesn't wait, 40 ms, for its head to be acknowledged.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _serve(server: "ModelServer", listener: socket.socket) -> None:
    """Answer requests until SIGTERM or SIGINT, or until it turns out that there is no model."""
    import uvicorn

    from t2t_hint_nart.serving.rest_app import rest_app

    running = uvicorn.Server(
        uvicorn.Config(
            rest_app(server),
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            # By then all is answered; who doesn't read it is no longer waited for.
            timeout_graceful_shutdown=math.ceil(server.limits.timeout_secs) + _SECONDS_TO_READ,
        )
    )

    def failed() -> None:
        running.should_exit = True

    server.failed = failed
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"{server.name} version {server.version} at http://{shown}:{port}", flush=True)
    # uvicorn raises what ended it once more when all is answered: that is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with contextlib.suppress(KeyboardInterrupt):
        running.run(sockets=[listener])


main = command_line.command(
    _main,
    "t2t-serve",
    define_usr_dir_flag,
    define_flags,
    define_decode_flags,
    define_thread_flags,
)
