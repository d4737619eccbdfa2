"""What leaves the house when something fails: received by a server that speaks Sentry's protocol."""

import gzip
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sentry_sdk
from django.http import HttpResponse
from django.test import RequestFactory

from config import error_reports
from config.log_lines import RequestNumbers

NAME, NUMBER, KEY = "刘婷", "32010220050418136X", "a-key-of-an-address"


class Bodies(list):
    server: HTTPServer


@pytest.fixture
def received():
    """The bodies of the envelopes that came in."""
    bodies = Bodies()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            if server.leads_to and self.path != server.leads_to:
                self.send_response(302)
                self.send_header("Location", server.leads_to)
                self.end_headers()
                return
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_line):
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.leads_to = ""
    bodies.server = server
    threading.Thread(target=server.serve_forever, daemon=True).start()
    error_reports.start(f"http://key@127.0.0.1:{server.server_port}/1")
    yield bodies
    sentry_sdk.get_client().close(timeout=2)
    sentry_sdk.get_global_scope().set_client(None)
    server.shutdown()
    server.server_close()


def fails(request):
    name, number = request.POST["name"], NUMBER
    raise ValueError(f"{name} {number} cannot be read")


def test_an_error_leaves_as_its_type_and_lines_of_code_without_anybodys_data(received):
    request = RequestFactory().post(
        f"/accounts/reset/{KEY}/?q={NAME}",
        {"name": NAME, "id_number": NUMBER},
        headers={"Cookie": f"sessionid={KEY}", "Authorization": f"Student {KEY}", "X-Request-ID": "1234567890"},
    )

    def answer(request):
        sentry_sdk.set_user({"username": NAME})
        sentry_sdk.set_extra("student", NAME)
        try:
            fails(request)
        except ValueError:
            logging.getLogger("capture").exception("Student %s could not be read", NAME)
        return HttpResponse()

    RequestNumbers(answer)(request)
    sentry_sdk.flush(timeout=5)
    (body,) = received
    event = json.loads(body.split(b"\n")[2])
    (error,) = event["exception"]["values"]
    assert error["type"] == "ValueError"
    assert error["stacktrace"]["frames"][-1]["function"] == "fails"
    assert event["logentry"]["message"] == "Student %s could not be read"
    assert len(event["tags"]["request"]) == 32
    text = json.dumps(json.loads(body.split(b"\n")[2]), ensure_ascii=False)
    for secret in (NAME, NUMBER, KEY, "sessionid"):
        assert secret not in text


def test_a_receiver_that_leads_elsewhere_is_not_followed(received):
    received.server.leads_to = "/elsewhere"
    sentry_sdk.capture_message("anything")
    sentry_sdk.flush(timeout=5)
    assert received == []


def test_without_an_address_nothing_is_reported(settings):
    assert not sentry_sdk.get_client().is_active()
