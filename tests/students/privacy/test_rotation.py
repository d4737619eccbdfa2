"""A new key for document numbers, while the product works."""

import io
import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import call_command
from django.db.models import F

from billing.bank import statements
from billing.models import BankStatement, Callback
from portal import files, history
from portal.background import jobs
from portal.models import Contact, Event, Job
from portal.notifications import contacts
from portal.security import encryption
from portal.tenancy import system_scope
from students import records
from students.correcting import corrections
from students.identity import id_encryption
from students.models import Correction, RosterImport, Student
from students.privacy import rotation
from students.roster import importer, spreadsheet_writer
from tests import factories
from tests.support.signing_in import recognise

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end", "demo")
NEW = "another key of the tests, 2"


@pytest.fixture
def students(school, season):
    return [factories.student(school, season) for _ in range(3)]


@pytest.fixture
def both_keys(students, settings):
    """The new key is set beside the old one; the rows are the old one's."""
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: NEW}
    return students


def rotate() -> Job:
    with system_scope():
        job = rotation.start_rotation()
        jobs.run(job.pk)
        job.refresh_from_db()
    return job


def test_everything_is_rewritten_and_the_old_key_can_go(both_keys, settings, scoped):
    student = both_keys[0]
    numbers = {row.pk: row.id_number for row in both_keys}
    asked = corrections.request_correction(
        student=student, field="id_number", wanted=factories.id_number(881), by=student
    )
    old = encryption.encrypt(factories.id_number(881), id_encryption.correction_place(student.pk))
    assert encryption.version_of(old) == 2
    job = rotate()
    assert (job.status, job.result["students"], job.result["left"]) == ("done", 3, [])
    assert "ID_NUMBER_KEY" in job.message
    with system_scope():
        assert Event.objects.get(kind="job.keys_rotated").facts == {"students": 3, "unreadable": 0}
    settings.ID_NUMBER_KEYS = {2: NEW}
    assert {row.pk: row.id_number for row in Student.objects.all()} == numbers
    asked.refresh_from_db()
    assert corrections.wanted_value(asked) == factories.id_number(881)
    assert recognise(student, id_number=numbers[student.pk]) == student


def test_while_both_keys_are_set_students_are_found_and_numbers_stay_unique(both_keys, school, season, scoped, owner):
    student = both_keys[0]
    recognise(student)
    values = {name: getattr(student, name) for name in records.FORM_FIELDS} | {"student_no": "S999"}
    with pytest.raises(records.WrongData) as refused:
        records.add_student(school=school, season=season, by=owner, id_number=student.id_number, **values)
    assert "id_number" in refused.value.problems


def roster_of(students) -> bytes:
    columns = spreadsheet_writer.COLUMNS
    headings = ",".join(column.heading for column in columns)
    genders = {"male": "男", "female": "女"}
    lines = [
        ",".join(
            genders[row.gender]
            if column.field == "gender"
            else ("居民身份证" if column.field == "id_type" else str(getattr(row, column.field)))
            for column in columns
        )
        for row in students
    ]
    return "\n".join([headings, *lines]).encode()


def test_an_import_in_the_middle_sees_no_change_and_no_duplicate(both_keys, school, season, scoped):
    rotation._rewrite_students(both_keys[:1])  # half way: one row of three
    content = roster_of(Student.objects.all())
    plan = importer.apply_import(content, school=school, season=season, by=history.SYSTEM)
    assert (plan.new, plan.changed, plan.unchanged, plan.wrong) == (0, 0, 3, {})
    assert not Event.objects.filter(kind="student.changed").exists()
    rows = list(Student.objects.all())
    number = rows[2].id_number
    rows[2].student_no = "S999"  # another student, with the number of the third, which is of the old key
    rows[2].id_number = number
    plan = importer.apply_import(roster_of(rows), school=school, season=season, by=history.SYSTEM)
    assert [list(problems) for problems in plan.wrong.values()] == [["id_number"]]


def test_secrets_of_second_factors_are_rewritten_too(owner, settings):
    TOTP.activate(owner, "JBSWY3DPEHPK3PXP")
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: NEW}
    assert rotate().result["left"] == []
    settings.ID_NUMBER_KEYS = {2: NEW}
    assert Authenticator.objects.get(user=owner).data["secret"].read() == "JBSWY3DPEHPK3PXP"


def test_linked_addresses_are_rewritten_and_found_under_both_keys(both_keys, settings, scoped):
    first, second, third = both_keys
    with system_scope():
        settings.ID_NUMBER_KEYS = {1: settings.ID_NUMBER_KEYS[1]}
        for student in (first, second):
            contacts.bind(student, school=student.school, channel="wechat", address=f"o{student.pk}")
        Contact.objects.filter(recipient_key=first.actor_key).update(refused_address=F("linked_hash"))
        settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: NEW}
        contacts.bind(third, school=third.school, channel="wechat", address=f"o{second.pk}")
    assert rotation.count_by_version()["linked addresses"] == {1: 1, 2: 1}
    assert rotate().result["left"] == []
    settings.ID_NUMBER_KEYS = {2: NEW}
    found = contacts.of(both_keys)
    linked = [contacts.linked_address(found[student.actor_key, "wechat"]) for student in both_keys]
    assert linked == [f"o{first.pk}", "", f"o{second.pk}"]
    assert contacts.is_refused("", found[first.actor_key, "wechat"])


def test_a_linked_address_that_cannot_be_read_is_reported(both_keys, settings, scoped):
    student = both_keys[0]
    with system_scope():
        damaged = Contact.objects.create(
            school=student.school,
            recipient_key=student.actor_key,
            channel="wechat",
            linked_hash="1:ab",
            linked_sealed=bytes(student.id_sealed),
        )
    job = rotate()
    assert (job.result["damaged linked addresses"], job.result["left"]) == ([damaged.pk], [1])


def test_it_goes_on_where_it_was_stopped_and_passes_over_what_is_done(both_keys, scoped):
    rotation._rewrite_students(both_keys[:2])
    done = {row.pk: bytes(row.id_sealed) for row in Student.objects.filter(pk__in=[row.pk for row in both_keys[:2]])}
    rotate()
    assert done.items() <= {row.pk: bytes(row.id_sealed) for row in Student.objects.all()}.items()


def test_a_number_that_cannot_be_read_is_reported_and_the_rest_rewritten(both_keys, scoped):
    damaged = both_keys[0]
    Student.objects.filter(pk=damaged.pk).update(id_sealed=both_keys[1].id_sealed)
    asked = corrections.request_correction(
        student=both_keys[2], field="id_number", wanted=factories.id_number(881), by=both_keys[2]
    )
    Correction.objects.filter(pk=asked.pk).update(wanted_sealed=both_keys[1].id_sealed)
    job = rotate()
    assert (job.result["damaged"], job.result["left"]) == ([damaged.pk], [1])
    assert job.result["damaged corrections"] == [asked.pk]


def test_an_empty_file_is_of_no_key_and_stops_nothing(both_keys, school, season):
    """As a full disk or a broken bucket leaves it: no key can have written it, so none is kept for it."""
    with system_scope():
        row = RosterImport(school=school, season=season, filename="a.csv", created_by_name="x")
        evidence = corrections.request_correction(student=both_keys[0], field="name", wanted="李四", by=both_keys[0])
        with files.writing() as write:
            row.file = write.store(row, {"file": b""}, filename="roster")["file"]
            empty = write.store(evidence, {"evidence": b""}, filename="evidence")["evidence"]
        row.checked = b""
        row.save()
        Correction.objects.filter(pk=evidence.pk).update(evidence=empty)
    job = rotate()
    assert (job.status, job.result["students"], job.result["left"]) == ("done", 3, [])
    assert not any(found for name, found in job.result.items() if name.startswith("damaged"))
    assert encryption.version_of(b"") == 0


def test_the_command_counts_and_starts_one_job(both_keys):
    out = io.StringIO()
    call_command("rotate_keys", "--count", stdout=out)
    assert out.getvalue() == "students\tkey 1\t3\n"
    for _ in range(2):
        call_command("rotate_keys", stdout=out)
    assert Job.objects.filter(kind=rotation.KIND).count() == 1


def test_messages_of_providers_are_rewritten_too(settings, db):
    with system_scope():
        for number in ("1", "2"):
            row = Callback(provider="alipay", merchant="alipay", external_id=number)
            row.seal({"host": "x"}, f"buyer_id=2088{number}")
            row.save()
        Callback.objects.create(
            provider="alipay", merchant="alipay", external_id="3", verified=True
        )  # asked for: no message came
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: NEW}
    with system_scope():
        assert rotation.count_by_version()["messages of providers"] == {1: 2}
    assert rotate().result["left"] == []
    settings.ID_NUMBER_KEYS = {2: NEW}
    with system_scope():
        assert [row.body for row in Callback.objects.order_by("pk")] == ["buyer_id=20881", "buyer_id=20882", ""]


def test_a_message_of_a_provider_that_was_moved_to_another_is_reported(settings, db):
    with system_scope():
        row = Callback(provider="alipay", merchant="alipay", external_id="1")
        row.seal({}, "buyer_id=2088")
        row.external_id = "2"
        row.save()
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: NEW}
    job = rotate()
    assert (job.result["damaged messages of providers"], job.result["left"]) == ([row.pk], [1])


def test_bank_statements_are_kept_readable(settings, center_admin, db, monkeypatch):
    """They are the evidence of what was booked: without the old key they would be lost."""
    monkeypatch.setattr(statements, "_start", lambda statement, by: None)
    with system_scope():
        row = statements.upload(content=b"a statement", filename="a.csv", by=center_admin)
        settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: NEW}
        assert rotation.count_by_version()["bank statements"] == {1: 1}
    assert rotate().result["left"] == []
    settings.ID_NUMBER_KEYS = {2: NEW}
    with system_scope():
        assert statements.content_of(BankStatement.objects.get(pk=row.pk)) == b"a statement"


def test_whatever_is_encrypted_has_a_way_to_a_new_key():
    """Each module that encrypts for the database or the disk stands here, with what reaches it."""
    reached = {
        "portal/notifications/contacts.py": "linked addresses",
        "portal/accounts/factor_secrets.py": "second factors",
        "portal/security/password_hashes.py": "passwords",
        "billing/models/orders.py": "messages of providers",
        "capture/same_person/face_numbers.py": "faces",
    }
    files = {"bank statements", "evidence of corrections", "admission photos", "parts of admission photos", "films"}
    own = {
        "students/models.py",
        "students/correcting/corrections.py",
        "students/privacy/rotation.py",
    }
    waited_for = {  # rosters, whose versions the report counts until they are imported or expire
        *("students/roster/checked_rows.py", "students/roster/excerpt.py", "students/roster/bundles.py"),
        *("students/roster/changes.py", "students/roster/roster_imports.py"),
    }
    for_minutes = {"portal/accounts/factor_forms.py", "students/lists/number_search.py"}  # of a session, of an address
    demo = {"demo/scale/student_rows.py"}
    encrypts = re.compile(r"encryption\.encrypt(_bytes|_text|or)?\(")
    found = {
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if encrypts.search(path.read_text())
    }
    assert found == set(reached) | own | waited_for | for_minutes | demo | {"portal/security/sealed_files.py"}
    assert set(reached.values()) | files == set(rotation.registered())
