"""Reports of errors to Sentry, or to what speaks its protocol (GlitchTip), where SENTRY_DSN names one.

What leaves is built from a list of what may: type of the error, lines of code, name of the page, number of the request. Values, messages of
errors, addresses, headers, cookies, bodies and people may hold somebody's data and never do.
"""

from typing import Any

import sentry_sdk
from sentry_sdk.transport import HttpTransport

from config.log_lines import request_id

KEPT = (
    "event_id",
    "timestamp",
    "level",
    "platform",
    "logger",
    "release",
    "environment",
    "server_name",
    "transaction",
    "sdk",
)
KEPT_OF_FRAMES = ("filename", "function", "module", "lineno", "in_app", "context_line", "pre_context", "post_context")


class Transport(HttpTransport):
    """Sentry's, which is led nowhere else. It goes by urllib3, whose retries are redirects too; for all others: config.outgoing."""

    def _get_pool_options(self) -> dict[str, Any]:
        return super()._get_pool_options() | {"retries": False}


def start(dsn: str) -> None:
    sentry_sdk.init(
        dsn=dsn,
        transport=Transport,
        before_send=without_data,
        max_breadcrumbs=0,
        include_local_variables=False,
        max_request_body_size="never",
        auto_session_tracking=False,
        send_client_reports=False,
    )


def without_data(event: Any, _hint: Any) -> Any:
    kept = {name: event[name] for name in KEPT if name in event}
    errors = event.get("exception", {}).get("values", [])
    if errors:
        kept["exception"] = {"values": [_error(each) for each in errors]}
    if "logentry" in event:  # the sentence of the code, without what was put into it
        kept["logentry"] = {"message": event["logentry"].get("message", "")}
    if number := request_id.get():
        kept["tags"] = {"request": number}
    return kept


def _error(error: dict[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames", [])
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "stacktrace": {"frames": [{name: frame[name] for name in KEPT_OF_FRAMES if name in frame} for frame in frames]},
    }
