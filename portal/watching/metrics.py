"""/metrics for Prometheus, for whoever sends HEALTH_TOKEN; to others there is no such page.

Each web process answers for its own requests. What is the same for all (queues, photos, letters) was noted by the last sweep, so that a
monitor asks no table of students. Labels are names of pages, rules, states and queues: nothing of a person.
"""

import time
from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from portal.access import METHODS
from portal.background import health

disable_created_metrics()  # a line of its own for each counter, that says since when it counts
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
_requests = Counter("tucai_requests", "Answers of this process", ["view", "method", "status"], registry=REGISTRY)
_seconds = Histogram(
    "tucai_request_seconds",
    "From the request to its answer",
    ["view"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)


class Product:
    """What is the same whichever process is asked."""

    def collect(self) -> Iterator[Metric]:
        found = health.state()
        for name in ("database", "redis"):
            yield _gauge(f"{name}_up", f"Whether {name} answers", int(name not in found["wrong"]))
        yield _gauge("disk_free_ratio", "Of the disk of the data folder", found["disk_free"])
        if found["backup_age"] is not None:
            yield _gauge("backup_age_seconds", "Since the last backup ended well", found["backup_age"])
        if found.get("seconds_since_sweep") is None:
            return
        noted = health.noted()
        yield _gauge(
            "sweep_age_seconds", "Since the last sweep, which noted what follows", found["seconds_since_sweep"]
        )
        depth = GaugeMetricFamily("tucai_queue_rows", "What waits in a queue", labels=["queue"])
        age = GaugeMetricFamily("tucai_queue_oldest_seconds", "Since the oldest of it waits", labels=["queue"])
        for name in health.queue_names():
            number, since = noted["waiting"].get(name, (0, None))
            depth.add_metric([name], number)
            age.add_metric([name], time.time() - since if since else 0)
        yield from (depth, age)
        swept = CounterMetricFamily("tucai_swept", "Lost work that sweeps have queued again", labels=["kind"])
        for name, (_at, _number, total) in health.sweeps().items():
            swept.add_metric([name], total)
        yield swept
        for name, (meaning, rows) in noted["metrics"].items():
            labels = sorted({label for values, _number in rows for label in values})
            family = GaugeMetricFamily(f"tucai_{name}", meaning, labels=labels)
            for values, number in rows:
                family.add_metric([values[label] for label in labels], number)
            yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tucai_{name}", text, value=value)


REGISTRY.register(Product())


class Metrics:
    """Answers /metrics, and counts all other requests. Behind `ScopeMiddleware` and before `HealthAnswers`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/metrics" and health.is_monitor(request):
            return HttpResponse(
                generate_latest(REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"}
            )
        since = time.perf_counter()
        response = self.get_response(request)
        found = request.resolver_match
        view = found.view_name if found else ""
        method = request.method if request.method in METHODS else "other"
        _requests.labels(view, method, str(response.status_code)).inc()
        _seconds.labels(view).observe(time.perf_counter() - since)
        return response
