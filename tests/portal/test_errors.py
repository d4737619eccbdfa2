"""What a visitor reads when the server is away: a sentence that says what to do, and never a trace."""

import json

import pytest
from django.db import OperationalError, connection

from portal.views import errors
from tests.support.words import said

pytestmark = pytest.mark.django_db
AWAY = said(
    "Part of the server does not answer at this moment. What was saved is not lost: in a minute, look whether what you"
    " just sent has arrived, and send it again if not."
)


def gone(*_statement):
    raise OperationalError("server closed the connection unexpectedly")


@pytest.mark.parametrize(
    ("address", "accept"), [("/school/", "text/html"), ("/me/", "application/json"), ("/api/v1/me/", "*/*")]
)
def test_while_the_database_is_away_pages_and_programs_are_told_to_come_again(owner_client, address, accept):
    owner_client.raise_request_exception = False
    with connection.execute_wrapper(gone):
        answer = owner_client.get(address, headers={"Accept": accept, "Authorization": "Student x"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert AWAY in (answer.content.decode() if accept == "text/html" else answer.json()["error"])
    assert owner_client.get("/school/").status_code == 200


def answer_to(request, error):
    try:
        raise error
    except Exception:  # noqa: BLE001 as Django does
        return errors.server_error(request)


def test_a_full_disk_is_told_and_a_fault_of_ours_is_no_outage(rf):
    request = rf.get("/api/v1/me/")
    try:
        with open("/dev/full", "w") as file:
            file.write("x")
    except OSError as error:
        full = answer_to(request, error)
    sentence = "The server's disk is full, so this was not saved. What was saved before is not lost. Try again later."
    assert (full.status_code, json.loads(full.content)["error"]) == (503, said(sentence))
    for fault in (ZeroDivisionError(), FileNotFoundError(2, "no such file")):
        answer = answer_to(request, fault)
        assert answer.status_code == 500
        assert "Retry-After" not in answer
