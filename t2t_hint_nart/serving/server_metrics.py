"""What a server counts, in the text format of Prometheus (needs the extra `serve`)."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_SENTENCES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class ServerMetrics:
    """Counters of one server; all names begin with t2t_.

    Args:
        waiting: how many sentences wait.
        ready: whether requests are answered.
    """

    def __init__(self, waiting: Callable[[], int], ready: Callable[[], bool]):
        self._registry = registry = CollectorRegistry()
        for collector in (GCCollector, PlatformCollector, ProcessCollector):
            collector(registry=registry)
        self._requests = Counter(
            "t2t_requests", "Requests by path and status.", ["path", "status"], registry=registry
        )
        self._seconds = Histogram(
            "t2t_request_seconds",
            "Time from a request's head to its answer.",
            ["path"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge(
            "t2t_requests_in_flight", "Requests that aren't answered yet.", registry=registry
        )
        self._sentences = Counter("t2t_sentences", "Sentences translated.", registry=registry)
        self._tokens = Counter(
            "t2t_padded_tokens", "Source tokens of batches, padding included.", registry=registry
        )
        self._batch = Histogram(
            "t2t_batch_sentences", "Sentences of a batch.", buckets=_SENTENCES, registry=registry
        )
        self._batch_seconds = Histogram(
            "t2t_batch_seconds", "Time of a batch.", buckets=_SECONDS, registry=registry
        )
        for name, text, value in (
            ("t2t_waiting_sentences", "Sentences that wait for a batch.", waiting),
            ("t2t_ready", "1 if requests are answered.", ready),
        ):
            Gauge(name, text, registry=registry).set_function(lambda value=value: float(value()))

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def batch(self, sentences: int, tokens: int, seconds: float) -> None:
        """Count a batch."""
        self._sentences.inc(sentences)
        self._tokens.inc(tokens)
        self._batch.observe(sentences)
        self._batch_seconds.observe(seconds)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
