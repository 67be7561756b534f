"""TFDS's downloads as a command wants them: few attempts, no log of each, failures in one line."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from t2t_hint_nart.errors import InputError

# TFDS makes ten, which take more than three minutes where there is no network.
_ATTEMPTS = 4


@contextlib.contextmanager
def told_in_one_line(what: str, instead: str) -> Iterator[None]:
    """Turn failing downloads inside the block into an InputError.

    Args:
        what: is downloaded, for the message.
        instead: what a user without a network can do.

    Raises:
        InputError: a download failed, or the file has another checksum than it should.
    """
    import requests
    from tensorflow_datasets.core.download import downloader
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError
    from tensorflow_datasets.core.download.util import DownloadError

    attempts, downloader.MAX_RETRIES = downloader.MAX_RETRIES, _ATTEMPTS
    # For good: the threads of other files go on after the first failure.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    try:
        yield
    except (requests.RequestException, DownloadError) as error:
        raise InputError(
            f"could not download {what} ({_cause(error)}); run again with a network, or {instead}"
        ) from None
    except NonMatchingChecksumError as error:
        raise InputError(
            f"{what} is not what it should be: {' '.join(str(error).split())}"
        ) from None
    finally:
        downloader.MAX_RETRIES = attempts


def _cause(error: Any) -> str:
    url = getattr(getattr(error, "request", None), "url", None)
    host = urlsplit(url).hostname if url else None
    if host and type(error).__name__ in ("ConnectionError", "ConnectTimeout", "ProxyError"):
        return f"no connection to {host}"
    return " ".join(str(error).split())
