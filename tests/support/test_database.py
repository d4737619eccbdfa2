"""After a test that commits nothing is left of it, and the database guards its rows as before."""

import pytest
from django.db import connection

from capture.sign_in import consent
from portal.models import Event, User
from students.models import Student
from tests.support.database import empty_tables

GUARDS = """
SELECT relname, relrowsecurity, relforcerowsecurity, array_agg(tgname || tgenabled::text ORDER BY tgname)
FROM pg_class LEFT JOIN pg_trigger ON tgrelid = pg_class.oid
WHERE relnamespace = 'public'::regnamespace GROUP BY 1, 2, 3 ORDER BY 1
"""


def guards() -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(GUARDS)
        return cursor.fetchall()


@pytest.mark.django_db(transaction=True)
def test_rows_are_gone_and_guards_are_as_before(scoped, student, season, center_admin):
    before = guards()
    consent.agree(student=student, season=season, version=season.consent_version, by=student)
    assert Event.objects.exists()
    empty_tables()
    assert not any(model.objects.exists() for model in (Event, Student, User))
    assert guards() == before
