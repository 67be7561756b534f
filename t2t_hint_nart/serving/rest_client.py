"""Ask a TensorFlow Serving server for translations by its REST interface (no TensorFlow)."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any, NamedTuple

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import SERVING


class RestClient(NamedTuple):
    """A served model.

    Attributes:
        server: host:port of the server's REST interface (8501 by default there).
        servable_name: name of the model.
        timeout_secs: longest time to wait for an answer.

    References:
        https://www.tensorflow.org/tfx/serving/api_rest#predict_api
    """

    server: str
    servable_name: str
    timeout_secs: float = 10.0

    @property
    def url(self) -> str:
        """Where requests go."""
        base = self.server if "://" in self.server else f"http://{self.server}"
        return f"{base.rstrip('/')}/v1/models/{self.servable_name}:predict"

    def translate(self, line: str) -> str:
        """Translate a sentence.

        Raises:
            InputError: no server there, or one of another protocol, no answer in time, or one that
                isn't a translation.
        """
        answer = self._post({"signature_name": SERVING, "instances": [{"text": line}]})
        try:
            prediction = answer["predictions"][0]
            translation = prediction if isinstance(prediction, str) else prediction["outputs"]
        except (LookupError, TypeError):
            translation = None
        if not isinstance(translation, str):
            raise InputError(
                f"{self.url} answers without 'outputs': {json.dumps(answer)[:200]}; is it a model "
                "written by t2t-exporter?"
            )
        return translation

    def _post(self, body: dict[str, Any]) -> Any:
        try:
            request = urllib.request.Request(
                self.url,
                json.dumps(body).encode("utf-8"),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=self.timeout_secs) as response:
                return json.loads(response.read().decode("utf-8"))
        except urllib.error.HTTPError as error:
            raise InputError(f"{self.url} answers {error.code}: {_reason(error)}") from error
        except urllib.error.URLError as error:
            raise InputError(f"{self.url} can't be reached: {error.reason}.") from error
        except TimeoutError as error:
            raise InputError(
                f"{self.url} doesn't answer within {self.timeout_secs:g} s (--timeout_secs)."
            ) from error
        except ValueError as error:
            raise InputError(f"{self.url}: {error}.") from error
        except http.client.HTTPException as error:
            raise InputError(
                f"{self.url} doesn't answer as a REST interface ({repr(error)[:200]}); "
                "TensorFlow Serving's is usually port 8501, 8500 is gRPC."
            ) from error
        except OSError as error:
            raise InputError(f"{self.url} breaks the connection: {error}.") from error


def _reason(error: urllib.error.HTTPError) -> str:
    """What the server says, which TensorFlow Serving wraps in JSON."""
    text = error.read(2000).decode("utf-8", "replace")
    try:
        return str(json.loads(text)["error"])
    except (ValueError, LookupError, TypeError):
        return text or str(error.reason)
