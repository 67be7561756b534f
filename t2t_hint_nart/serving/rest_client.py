"""Ask a TensorFlow Serving server for translations by its REST interface (no TensorFlow)."""

import http.client
import json
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypedDict

import msgspec

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import SERVING
from t2t_hint_nart.files.json_file import parse_json

# No line's translation is longer.
LARGEST_REPLY = 4 * 2**20
_SHOWN = 200


class _Outputs(TypedDict):
    outputs: str


class _Reply(TypedDict):
    """Of one instance; a signature of one output has it without its name."""

    predictions: Annotated[list[str | _Outputs], msgspec.Meta(min_length=1, max_length=1)]


class _Refusal(TypedDict):
    error: str


class NoServerError(InputError):
    """There is no server at an address, whatever it would be asked."""


class RestClient(NamedTuple):
    """A served model.

    Attributes:
        server: host:port of the server's REST interface (8501 by default there), http:// or
            https:// before it.
        servable_name: name of the model.
        timeout_secs: longest time to wait for the whole of an answer.

    References:
        https://www.tensorflow.org/tfx/serving/api_rest#predict_api
    """

    server: str
    servable_name: str
    timeout_secs: float = 10.0

    @property
    def url(self) -> str:
        """Where requests go.

        Raises:
            NoServerError: neither http nor https, or no address at all.
        """
        base = self.server if "://" in self.server else f"http://{self.server}"
        try:
            scheme = urllib.parse.urlsplit(base).scheme
        except ValueError as error:
            raise NoServerError(f"{self.server}: {error}.") from error
        if scheme not in ("http", "https"):
            raise NoServerError(f"{self.server} isn't host:port, http://host:port or https://host.")
        return f"{base.rstrip('/')}/v1/models/{self.servable_name}:predict"

    def translate(self, line: str) -> str:
        """Translate a sentence.

        Raises:
            NoServerError: no server there.
            InputError: one of another protocol, no answer in time, or one that isn't a translation.
        """
        url = self.url
        body = {"signature_name": SERVING, "instances": [{"text": line}]}
        text = self._in_time(lambda: self._post(body))
        (prediction,) = parse_json(
            text, _Reply, f"The answer of {url}", "Is it a model written by t2t-exporter?"
        )["predictions"]
        return prediction if isinstance(prediction, str) else prediction["outputs"]

    def _in_time(self, ask: Callable[[], bytes]) -> bytes:
        """Return what a call does, or give up: a socket's own time limit begins with each byte."""
        ended: queue.Queue[bytes | BaseException] = queue.Queue()

        def run() -> None:
            try:
                ended.put(ask())
            except BaseException as error:
                ended.put(error)

        threading.Thread(target=run, daemon=True).start()
        try:
            result = ended.get(timeout=self.timeout_secs)
        except queue.Empty:
            raise self._late() from None
        if isinstance(result, BaseException):
            raise result
        return result

    def _late(self) -> InputError:
        return InputError(
            f"{self.url}{self._proxy()} doesn't answer within {self.timeout_secs:g} s "
            "(--timeout_secs)."
        )

    def _post(self, body: dict[str, Any]) -> bytes:
        where = self.url + self._proxy()
        try:
            request = urllib.request.Request(
                self.url,
                json.dumps(body).encode("utf-8"),
                {"Content-Type": "application/json"},
            )
            opener = urllib.request.build_opener(_NoRedirect)
            # Twice as long: who waits gives up before, and the thread doesn't stay for ever.
            with opener.open(request, timeout=2 * self.timeout_secs) as response:
                return self._read(response, where)
        except urllib.error.HTTPError as error:
            with error:
                raise InputError(f"{where} answers {error.code}: {_reason(error)}") from error
        except urllib.error.URLError as error:
            raise NoServerError(f"{where} can't be reached: {error.reason}.") from error
        except TimeoutError as error:
            raise self._late() from error
        except http.client.HTTPException as error:
            raise InputError(
                f"{where} doesn't answer as a REST interface ({repr(error)[:_SHOWN]}); "
                "TensorFlow Serving's is usually port 8501, 8500 is gRPC."
            ) from error
        except OSError as error:
            raise InputError(f"{where} breaks the connection: {error}.") from error
        except ValueError as error:
            raise NoServerError(f"{where}: {error}.") from error

    def _read(self, response: http.client.HTTPResponse, where: str) -> bytes:
        """Return the whole answer, of a server that goes on and on only for so long."""
        parts, size, until = [], 0, time.monotonic() + 2 * self.timeout_secs
        while part := response.read1(2**16):
            size += len(part)
            if size > LARGEST_REPLY:
                raise InputError(
                    f"{where} answers with more than {LARGEST_REPLY:,} bytes, no translation."
                )
            if time.monotonic() > until:
                raise TimeoutError
            parts.append(part)
        if response.length:
            raise http.client.IncompleteRead(b"".join(parts)[:_SHOWN], response.length)
        return b"".join(parts)

    def _proxy(self) -> str:
        """Words on the proxy that requests go through, if the environment names one."""
        parts = urllib.parse.urlsplit(self.url)
        proxy = urllib.request.getproxies().get(parts.scheme)
        if not proxy or urllib.request.proxy_bypass(parts.netloc):
            return ""
        # Without user and password.
        shown = proxy.rpartition("@")[2]
        return (
            f", asked through the proxy {shown} ({parts.scheme}_proxy; no_proxy={parts.hostname} "
            "goes without),"
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects: the sentence would not go along, or go to somebody else."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> None:
        raise InputError(
            f"{req.full_url} answers {code}, a redirect to {newurl[:_SHOWN]}; name that server."
        )


def _reason(error: urllib.error.HTTPError) -> str:
    """What the server says, which TensorFlow Serving wraps in JSON."""
    text = error.read(2000)
    try:
        return parse_json(text, _Refusal)["error"]
    except InputError:
        return text.decode("utf-8", "replace") or str(error.reason)
