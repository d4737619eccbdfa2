"""An S3 service on this machine: moto's, behind a gate that checks the signature of each request (AWS Signature Version 4, in
headers and in addresses) with botocore's own code. Also run alone: python -m tests.support.s3_server HOST PORT BUCKET

moto alone takes every signature.
"""

import datetime as dt
import hashlib
import hmac
import io
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

KEY_ID, SECRET_KEY, REGION = "tucai-key", "a-secret-of-forty-characters-0123456789", "cn-east-1"
SKEW = dt.timedelta(minutes=15)
# What it answers instead of its work, and where it leads with that; how long it does nothing first.
WELL = {"status": 0, "leads_to": "", "seconds": 0.0}


class Refused(Exception):
    """`args[0]`: the code of S3."""


class Server:
    """`asked`: method and path of each request; `fault`: as WELL; `is_public`: strangers may read files."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.asked: list[tuple[str, str]] = []
        self.fault: dict[str, Any] = dict(WELL)
        self.is_public = False
        self._work = create_backend_app("s3")
        self._server = make_server(host, port, self._answer, threaded=True, request_handler=_Quiet)
        self.url = f"http://{host}:{self._server.server_port}"

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settings(self, bucket: str, **changed: str) -> dict[str, str]:
        """The OPTIONS of the storage."""
        given = {"bucket": bucket, "endpoint": self.url, "region": REGION, "addressing": "path"}
        return given | {"key_id": KEY_ID, "secret_key": SECRET_KEY} | changed

    def make_bucket(self, name: str) -> None:
        """By moto itself: whoever keeps files in a bucket does not make it."""
        from werkzeug.test import Client

        assert Client(self._work).put(f"/{name}").status_code == 200

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        address = environ["REQUEST_URI"]
        self.asked.append((environ["REQUEST_METHOD"], urlsplit(address).path))
        time.sleep(self.fault["seconds"])
        if self.fault["status"]:
            return _error(start_response, self.fault["status"], "SlowDown", self.fault["leads_to"])
        try:
            if self.is_public and environ["REQUEST_METHOD"] == "GET":
                environ["HTTP_AUTHORIZATION"] = (
                    f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20200101/{REGION}/s3/aws4_request"
                )
            else:
                check(environ)
        except Refused as error:
            return _error(start_response, 403, error.args[0])
        return self._work(environ, start_response)


class _Quiet(MotoRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def _error(start_response: Any, status: int, code: str, leads_to: str = "") -> list[bytes]:
    headers = [("Location", leads_to), ("x-amz-bucket-region", "cn-west-1")] if leads_to else []
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'.encode()
    headers += [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {code}", headers)
    return [body]


def check(environ: dict[str, Any]) -> None:
    """Raises Refused unless the request is signed by the key, for now, and for what it carries."""
    query = parse_qs(urlsplit(environ["REQUEST_URI"]).query, keep_blank_values=True)
    if "X-Amz-Signature" in query:
        _check_address(environ, {name: values[0] for name, values in query.items()})
    elif environ.get("HTTP_AUTHORIZATION", "").startswith("AWS4-HMAC-SHA256 "):
        _check_header(environ)
    else:
        raise Refused("AccessDenied")


def _check_header(environ: dict[str, Any]) -> None:
    parts = dict(
        part.strip().split("=", 1) for part in environ["HTTP_AUTHORIZATION"].partition(" ")[2].split(",") if "=" in part
    )
    at = environ.get("HTTP_X_AMZ_DATE", "")
    names = parts["SignedHeaders"].split(";")
    if not {"host", "x-amz-content-sha256", "x-amz-date"} <= set(names):
        raise Refused("AccessDenied")
    _compare(S3SigV4Auth, environ, names, environ["REQUEST_URI"], at, parts["Credential"], parts["Signature"])
    if abs(dt.datetime.now(dt.UTC) - _moment(at)) > SKEW:
        raise Refused("RequestTimeTooSkewed")
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    said = environ["HTTP_X_AMZ_CONTENT_SHA256"]
    if said not in (hashlib.sha256(body).hexdigest(), "UNSIGNED-PAYLOAD"):
        raise Refused("XAmzContentSHA256Mismatch")


def _check_address(environ: dict[str, Any], query: dict[str, str]) -> None:
    at, signature = query["X-Amz-Date"], query["X-Amz-Signature"]
    address = environ["REQUEST_URI"].replace(f"&X-Amz-Signature={signature}", "")
    names = query["X-Amz-SignedHeaders"].split(";")
    _compare(S3SigV4QueryAuth, environ, names, address, at, query["X-Amz-Credential"], signature)
    if (
        not _moment(at) - SKEW
        <= dt.datetime.now(dt.UTC)
        <= _moment(at) + dt.timedelta(seconds=int(query["X-Amz-Expires"]))
    ):
        raise Refused("AccessDenied")


def _compare(
    signer: Any, environ: dict[str, Any], names: list[str], address: str, at: str, credential: str, signature: str
) -> None:
    key_id, day, region, service, end = credential.split("/")
    if key_id != KEY_ID:
        raise Refused("InvalidAccessKeyId")
    headers = {name: _header(environ, name) for name in names}
    request = AWSRequest(environ["REQUEST_METHOD"], f"http://{headers['host']}{address}", headers=headers)
    request.context["timestamp"] = at
    auth = signer(Credentials(KEY_ID, SECRET_KEY), "s3", REGION)
    wanted = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    if (day, region, service, end) != (at[:8], REGION, "s3", "aws4_request") or not hmac.compare_digest(
        wanted, signature
    ):
        raise Refused("SignatureDoesNotMatch")


def _header(environ: dict[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    return str(environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"])


def _moment(at: str) -> dt.datetime:
    return dt.datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)


@contextmanager
def s3_server() -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    alone = Server(sys.argv[1], int(sys.argv[2]))
    alone.make_bucket(sys.argv[3])
    alone.serve()
