"""What a scope leaves on its connection: nothing, whatever happened inside."""

import contextlib
import gc
import os
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from celery import shared_task
from django.db import DatabaseError, connection, transaction
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import Client, override_settings
from django.urls import path
from django_scopes.exceptions import ScopeError

from config.urls import urlpatterns as own_urls
from portal.access import school_page
from portal.database.scope import OUTSIDE, current
from portal.tenancy import across_schools, outside_scopes, school_scope, system_scope
from students.models import Student
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING = ("tucai_worker", "", 0)
STATE = "SELECT current_user::text, coalesce(current_setting('app.school', true), ''), (SELECT count(*) FROM students_student)"


@pytest.fixture(autouse=True)
def _outside(school, other_school, owner_client, outside) -> None:
    """The rows are made; the test itself begins outside of any scope."""


def state() -> tuple[str, str, int]:
    """(role, school, number of students to be seen), as the product asks."""
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return cursor.fetchone()


def bare_state() -> tuple[str, str, int]:
    """The same by SQL on the connection, past our cursor: what the next user of a pool would have."""
    connection.ensure_connection()
    with psycopg.ClientCursor(connection.connection) as cursor:
        return cursor.execute(STATE).fetchone()


def of(school: Any, students: int = 1) -> tuple[str, str, int]:
    return ("tucai_school", str(school.pk), students)


def failing(request: Any) -> HttpResponse:
    with transaction.atomic():
        assert Student.objects.count()
        raise ZeroDivisionError


def broken(request: Any) -> HttpResponse:
    with transaction.atomic(), connection.cursor() as cursor:
        with contextlib.suppress(DatabaseError):
            cursor.execute("SELECT 1/0")
        cursor.execute("SELECT count(*) FROM students_student")
    return HttpResponse()


def streamed(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(_parts())


def _parts() -> Iterator[str]:
    yield repr(state())
    with school_scope(Student.school.field.related_model.objects.first()):
        yield "|" + repr(state())


def sweeping(request: Any) -> HttpResponse:
    with system_scope():
        return HttpResponse()


def sweeping_late(request: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(_swept())


def _swept() -> Iterator[str]:
    with system_scope():
        yield "swept"


urlpatterns = [
    path("failing/", school_page(may="students.see")(failing)),
    path("broken/", school_page(may="students.see")(broken)),
    path("streamed/", school_page(may="students.see")(streamed)),
    path("sweeping/", school_page(may="students.see")(sweeping)),
    path("sweeping_late/", school_page(may="students.see")(sweeping_late)),
    *own_urls,
]
with_these_pages = override_settings(ROOT_URLCONF=__name__)


@shared_task
def lost(school_id: int) -> tuple[str, str, int]:
    with school_scope(Student.school.field.related_model.objects.get(pk=school_id)):
        state()
        raise ZeroDivisionError


@shared_task
def next_one() -> tuple[str, str, int]:
    return state()


def test_a_scope_ends_with_its_block(student, school):
    assert state() == bare_state() == NOTHING
    with school_scope(school):
        assert state() == of(school)
        assert bare_state() == NOTHING  # each statement has brought its scope along
    assert state() == bare_state() == NOTHING


def test_scopes_within_scopes(student, school, other_school):
    with school_scope(school), transaction.atomic():
        with across_schools():
            assert state() == ("tucai_across", "", 1)
            with school_scope(other_school):
                assert state() == of(other_school, 0)
            assert state() == ("tucai_across", "", 1)
        assert state() == of(school)
        with outside_scopes():
            assert state() == NOTHING
        assert state() == of(school)
    assert state() == bare_state() == NOTHING


def test_a_scope_within_a_transaction_and_a_savepoint_that_is_rolled_back(student, school, other_school):
    with transaction.atomic():
        assert state() == NOTHING
        with school_scope(school):
            assert state() == of(school)
            with contextlib.suppress(ZeroDivisionError), transaction.atomic():
                with school_scope(other_school):
                    assert state() == of(other_school, 0)
                raise ZeroDivisionError
            assert state() == of(school)
            with pytest.raises(Exception, match="division by zero"), transaction.atomic():
                connection.cursor().execute("SELECT 1/0")
            assert state() == of(school)
        assert state() == NOTHING
    assert bare_state() == NOTHING


def test_a_cursor_that_outlives_its_scope(student, school):
    with connection.cursor() as cursor:
        with school_scope(school):
            cursor.execute("SELECT count(*) FROM students_student")
            assert cursor.fetchone() == (1,)
        cursor.execute("SELECT count(*) FROM students_student")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("atomic", [transaction.atomic, contextlib.nullcontext])
def test_rows_that_are_fetched_in_parts(school, season, atomic):
    made = {factories.student(school, season).pk for _ in range(5)}
    with school_scope(school), atomic():
        rows = Student.objects.iterator(chunk_size=2)
        first = next(rows).pk
        assert state() == of(school, 5)
        assert {first, *(row.pk for row in rows)} == made
    with outside_scopes():
        assert list(Student._base_manager.iterator(chunk_size=2)) == []
    assert bare_state() == NOTHING


def test_copy_out_of_a_table(student, school, other_school):
    def copied() -> int:
        with connection.cursor() as cursor, cursor.copy("COPY (SELECT id FROM students_student) TO STDOUT") as rows:
            return len(list(rows.rows()))

    with transaction.atomic():
        with school_scope(other_school):
            assert copied() == 0
        with school_scope(school):
            assert copied() == 1
        assert copied() == 0
    with school_scope(school):
        assert copied() == 0  # alone in its message, and without a transaction: outside of every scope


def test_many_rows_by_one_call(school, season):
    rows = [factories.student(school, season) for _ in range(3)]
    sql = "UPDATE students_student SET name = %s WHERE id = %s"
    with connection.cursor() as cursor, school_scope(school):
        cursor.executemany(sql, [("张三", row.pk) for row in rows])
        assert cursor.rowcount == 3
        assert Student.objects.filter(name="张三").count() == 3


@with_these_pages
@pytest.mark.parametrize("page", ["/failing/", "/broken/"])
def test_a_request_that_dies_in_the_middle(student, owner_client, page):
    owner_client.raise_request_exception = False
    assert owner_client.get(page).status_code == 500
    assert current() == OUTSIDE
    assert state() == NOTHING
    assert bare_state() == NOTHING
    assert owner_client.get("/school/").status_code in (200, 302)


@with_these_pages
def test_a_streamed_answer_is_made_outside(student, owner_client, school):
    response = owner_client.get("/streamed/")
    parts = iter(response.streaming_content)
    assert next(parts).decode() == repr(NOTHING)
    assert next(parts).decode() == "|" + repr(of(school))  # in the middle of a scope of its own
    assert state() == NOTHING
    with system_scope():  # the test is no answer
        pass
    response.close()  # a reader who leaves
    del parts, response
    gc.collect()
    assert state() == bare_state() == NOTHING


@with_these_pages
def test_the_next_request_begins_outside_even_if_a_scope_was_left_open(student, owner_client, other_school):
    left = school_scope(other_school)
    left.__enter__()
    try:
        assert b"tucai_worker" in b"".join(owner_client.get("/streamed/").streaming_content)
    finally:
        left.__exit__(None, None, None)


@with_these_pages
@pytest.mark.parametrize("page", ["/sweeping/", "/sweeping_late/"])
def test_no_page_opens_the_systems_scope(owner_client, page):
    with pytest.raises(ScopeError, match="while a page"):
        b"".join(owner_client.get(page))
    with system_scope():
        assert state()[0] == "tucai_system"


def test_a_file_is_still_sent_by_the_server_itself(tmp_path, rf):
    from portal.access import ScopeMiddleware

    (tmp_path / "x").write_bytes(b"123")
    response = ScopeMiddleware(lambda request: FileResponse((tmp_path / "x").open("rb")))(rf.get("/"))
    assert response.file_to_stream is not None
    response.close()


def test_a_thread_has_neither_scope_nor_connection_of_its_parent(student, school):
    seen = []

    def ask() -> None:
        seen.append(state())
        connection.close()

    with school_scope(school), transaction.atomic():
        state()
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert seen == [NOTHING]


def test_a_process_that_forks_takes_no_scope_along(student, school):
    """As celery's prefork does: its child begins with a connection of its own."""
    with school_scope(school):
        state()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        connection.connection = None
        os.write(write, repr((state(), bare_state())).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 1000).decode() == repr((NOTHING, NOTHING))


def test_a_task_after_one_that_died(student, school):
    left = school_scope(school)
    left.__enter__()
    try:
        assert isinstance(lost.apply(args=(school.pk,)).result, ZeroDivisionError)
        assert next_one.apply().result == NOTHING
    finally:
        left.__exit__(None, None, None)


def test_the_login_role_stays_what_it_is_on_a_kept_connection(student, owner_client):
    pid = connection.connection.info.backend_pid
    for _ in range(3):
        owner_client.get("/school/")
        Client().get("/me/")
        assert bare_state() == NOTHING
    assert connection.connection.info.backend_pid == pid
