"""Requests that are too long or hold values that no column can store are refused with a sentence."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

from tests.support.words import said

pytestmark = pytest.mark.django_db


def test_a_request_longer_than_any_file_is_refused_before_it_is_read(client, monkeypatch):
    monkeypatch.setattr("django.http.request.HttpRequest._load_post_and_files", lambda request: pytest.fail("read"))
    form = {"photo": SimpleUploadedFile("photo.jpg", b"x")}
    answer = client.post("/me/upload/", form, CONTENT_LENGTH=str(settings.REQUEST_MAX_BYTES + 1))
    assert answer.status_code == 413
    assert said("The file is too large: at most %(mb)d MB.", mb=30) in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "status"),
    # A list ignores the value and says so; elsewhere the database refuses it.
    [("/school/prints/?q=%00", 400), ("/school/roster/?q=a%00b", 200), ("/school/proofs/?q=%00", 200)],
)
def test_what_no_column_can_hold_is_the_senders_mistake(owner_client, enrolment, address, status):
    answer = owner_client.get(address)
    assert answer.status_code == status
    if status == 200:
        sentence = said("“%(value)s” is not known for “%(filter)s”; this filter is left out.")
    else:
        sentence = said("Something was missing or damaged on the way. Go back, reload the page and try once more.")
    assert sentence in answer.content.decode()


def test_a_page_whose_transaction_postgresql_refuses_says_reload(owner_client, enrolment):
    def deadlock(execute, sql, params, many, context):
        if "students_student" in sql:
            raise OperationalError("deadlock detected") from DeadlockDetected()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(deadlock):
        answer = owner_client.get("/school/roster/")
    assert answer.status_code == 409
    assert said("This has changed in the meantime. Reload the page and look again.") in answer.content.decode()


def test_a_number_beyond_any_id_is_the_senders_mistake(owner_client, enrolment):
    answer = owner_client.post("/school/roster/remove/", {"pick": ["9" * 30]})
    assert answer.status_code in (400, 409)


def test_an_upload_that_is_redirected_leaves_the_words_to_the_page_that_follows(owner_client, enrolment):
    answer = owner_client.get("/school/feedback/", headers={"X-Upload": "1"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_the_address_of_a_button_opened_by_itself_is_explained(owner_client, enrolment):
    answer = owner_client.get("/school/feedback/send/", headers={"Accept": "text/html"}, follow=True)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    explained = said("It is only reached by the button on its page. Go back to that page and press the button there.")
    assert explained in answer.content.decode()
    assert owner_client.get("/school/feedback/send/", headers={"Accept": "application/json"}).content == b""
