"""What the registry gets: made, opened by a registry with GnuPG, compared, made again, sent, answered."""

import hashlib
import json
import time
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from capture.models import Photo
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Event, Job, Role
from portal.tenancy import center_scope, school_scope, system_scope
from printing.handover import certificates, contents, packages, sealing, standing
from printing.models import HandoverItem, HandoverPackage, Receiver
from students.models import Correction, Student
from tests import factories
from tests.conftest import client_of
from tests.support.registry import Registry
from tests.support.school_papers import confirm, picture, with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status = HandoverPackage.Status


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    made = Registry(tmp_path_factory.mktemp("registry") / "keys")
    yield made
    made.close()


@pytest.fixture
def receiver(registry, center_admin):
    with center_scope():
        return certificates.enter(
            name="学籍处", text=registry.certificate, told_fingerprint=registry.fingerprint, by=center_admin
        )


@pytest.fixture
def two(accepted, pair, receiver):
    """A school of two students whose form is accepted; its portraits differ."""
    repaint(pair[1])
    return accepted


def repaint(student, colour="#c86432"):
    """Another picture than the others have."""
    photo = Photo.objects.get(student=student, is_current=True)
    default_storage.delete(photo.portrait.name)
    rgb = tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))
    default_storage.save(photo.portrait.name, BytesIO(picture(rgb, quality=30)))


def made(enrolment, tmp_path, by, *, name="package.zip.gpg"):
    package = packages.create(enrolment, by=by, with_job=False)
    path = tmp_path / name
    packages.make(package, path, by=by)
    package.refresh_from_db()
    return package, path


def correct(student, **fields):
    """A correction that was accepted just now."""
    Correction.objects.create(
        school=student.school,
        student=student,
        field=Correction.Field.MAJOR,
        wanted="新专业",
        status=Correction.Status.ACCEPTED,
        decided_at=timezone.now(),
    )
    Student.objects.filter(pk=student.pk).update(major="新专业", **fields)


def rows_of(folder):
    sheet = openpyxl.load_workbook(folder / "名单.xlsx").active
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_the_registry_opens_the_package_and_finds_everybody(two, pair, registry, center_admin, tmp_path):
    package, path = made(two, tmp_path, center_admin)
    folder = registry.open(path)
    assert registry.hash_of_content(path) == package.sha256
    assert hashlib.sha256(path.read_bytes()).hexdigest() == package.sealed_sha256
    rows = rows_of(folder)
    assert [row["学号"] for row in rows] == [student.student_no for student in pair]
    for row, student in zip(rows, pair, strict=True):
        assert (row["证件号码"], row["姓名"], row["变更"]) == (student.id_number, student.name, "新增")
        assert row["图像文件"] == f"portraits/{student.id_number}.jpg"
        with Photo.objects.get(student=student).portrait.open() as portrait:
            assert (folder / row["图像文件"]).read_bytes() == portrait.read()
    facts = json.loads((folder / "manifest.json").read_text())
    assert (facts["package"], facts["students"], facts["supplement"]) == (
        f"{two.season.year}-{two.school.code}-1",
        2,
        False,
    )
    assert (package.status, package.students, package.items.count()) == (Status.MADE, 2, 2)
    said_of_it = json.dumps([event.facts for event in Event.objects.filter(object_type="printing.handoverpackage")])
    assert not any(student.id_number in said_of_it or student.name in said_of_it for student in pair)


def test_the_content_is_the_same_again_and_the_encryption_another(two, registry, center_admin, tmp_path):
    package, _path = made(two, tmp_path, center_admin)
    first = package.sealed_sha256
    again = packages.make_again(package, by=center_admin, with_job=False)
    packages.make(again, tmp_path / "again.zip.gpg", by=center_admin)
    registry.open(tmp_path / "again.zip.gpg")
    assert registry.hash_of_content(tmp_path / "again.zip.gpg") == package.sha256
    assert HandoverPackage.objects.get().sealed_sha256 != first


def test_what_was_corrected_since_is_outdated_and_comes_in_a_supplement(two, pair, registry, center_admin, tmp_path):
    package, _path = made(two, tmp_path, center_admin)
    assert standing.of_school(two).state == "made"
    correct(pair[0])
    assert packages.outdated_in(package) == 1
    assert (standing.of_school(two).state, standing.of_school(two).waiting) == ("outdated", 1)
    with pytest.raises(
        PortalError,
        match=said("%(n)d student of this package was corrected since it was made. Make a supplement instead.", n=1),
    ):
        packages.make_again(package, by=center_admin, with_job=False)
    with pytest.raises(PortalError):
        packages.mark_sent(package, sent_on=timezone.localdate(), sent_how="disk", by=center_admin)
    second, path = made(two, tmp_path, center_admin, name="second.zip.gpg")
    (row,) = rows_of(registry.open(path))
    assert (row["学号"], row["专业"], row["变更"]) == (pair[0].student_no, "新专业", "更正，替换第 1 号包")
    assert (second.number, second.students, standing.of_school(two).state) == (2, 1, "made")


def test_who_was_corrected_and_has_not_confirmed_waits(two, pair, center_admin, tmp_path):
    made(two, tmp_path, center_admin)
    correct(pair[0], stage=Student.Stage.APPROVED)
    now = standing.of_school(two)
    assert (now.state, now.waiting, now.to_confirm) == ("outdated", 0, 1)
    with pytest.raises(
        PortalError,
        match=said("Nobody of this school is to be handed over: the registry has everybody who is confirmed."),
    ):
        packages.create(two, by=center_admin)
    assert not HandoverItem.objects.filter(package__number=2).exists()


def test_another_content_is_never_given_out_under_the_same_number(two, pair, center_admin, tmp_path):
    package, _path = made(two, tmp_path, center_admin)
    Student.objects.filter(pk=pair[0].pk).update(level="专科")  # without a correction
    with pytest.raises(
        PortalError, match=said("The content of this package has changed since it was made. Make a supplement instead.")
    ):
        packages.make(package, tmp_path / "again.gpg", by=center_admin)
    assert not (tmp_path / "again.gpg").exists()


@pytest.mark.parametrize("problem", sorted(contents.PROBLEMS))
def test_nobody_is_handed_over_as_somebody_else(problem, two, pair, center_admin, tmp_path):
    """Each problem is found, named with its students, and no file is left behind."""
    photo, other = (Photo.objects.get(student=student) for student in pair)
    if problem == "no_number":
        Student.objects.filter(pk=pair[0].pk).update(id_sealed=b"")
    elif problem == "no_file":
        default_storage.delete(photo.portrait.name)
    elif problem == "not_standard":
        default_storage.delete(photo.portrait.name)
        default_storage.save(photo.portrait.name, BytesIO(factories.jpeg(479, 640)))
    elif problem == "portrait_twice":
        with other.portrait.open() as file:
            data = file.read()
        default_storage.delete(photo.portrait.name)
        default_storage.save(photo.portrait.name, BytesIO(data))
    else:  # as after a change of keys: another hash of the same number
        pair[0].id_number = pair[1].id_number
        Student.objects.filter(pk=pair[0].pk).update(id_sealed=pair[0].id_sealed)
    package = packages.create(two, by=center_admin, with_job=False)
    with pytest.raises(contents.Doubtful) as found:
        packages.make(package, tmp_path / "package.gpg", by=center_admin)
    both = problem.endswith("_twice")
    assert sorted(found.value.problems) == [(student.pk, problem) for student in pair[: 1 + both]]
    assert list(tmp_path.glob("*.gpg")) == []
    assert (HandoverPackage.objects.get().status, HandoverItem.objects.count()) == (Status.ORDERED, 0)


def test_a_school_before_its_accepted_form_has_no_package(proofreading, receiver, pair, center_admin):
    for student in pair:
        confirm(student)
    assert standing.of_school(proofreading).state == "not_ready"
    with pytest.raises(
        PortalError, match=said("Portraits are handed over once the center has accepted the school's feedback form.")
    ):
        packages.create(proofreading, by=center_admin)


def test_without_a_certificate_nothing_is_made(accepted, center_admin):
    with pytest.raises(
        PortalError, match=said("Nobody can open a package yet: enter the certificate of the registry first.")
    ):
        packages.create(accepted, by=center_admin)


def test_certificates_that_are_none(registry, center_admin, tmp_path):
    def refused(text, told=registry.fingerprint):
        with pytest.raises(PortalError) as error:
            certificates.enter(name="x", text=text, told_fingerprint=told, by=center_admin)
        assert "backtrace" not in str(error.value)
        return str(error.value)

    none = said(
        "This is not one OpenPGP certificate. Paste the whole text, from “BEGIN PGP PUBLIC KEY BLOCK” to “END PGP PUBLIC KEY BLOCK”."
    )
    assert refused("garbage") == refused("") == refused(registry.certificate[:300]) == none
    private = said(
        "This is a private key. It was not stored; tell the registry that it has left its hands, and ask for the public certificate."
    )
    assert refused(registry.private_key) == refused(registry.private_key.replace("PRIVATE", "PUBLIC")) == private
    assert refused(registry.certificate, "AB" * 20) == said(
        "The certificate has another fingerprint than the one you were told. Do not use it: ask the registry, by phone, whose it is."
    )
    with center_scope():
        assert not Receiver.objects.exists()


def test_a_certificate_that_has_ended_and_one_that_only_signs(center_admin, tmp_path):
    signs = Registry(tmp_path / "signs", algorithm="ed25519")
    with pytest.raises(
        PortalError,
        match=said(
            "Nothing can be encrypted for this certificate: it has no valid key for encryption, or one that is too weak. Ask the registry for another one."
        ),
    ):
        certificates.read(signs.certificate)
    signs.close()
    ended = Registry(tmp_path / "ended", expires="seconds=1")
    text = ended.certificate
    ended.close()
    time.sleep(1.1)
    with pytest.raises(
        PortalError,
        match=said(
            "This certificate ended on %(day)s. Ask the registry for the one in force.", day=timezone.localdate()
        ),
    ):
        certificates.read(text)


def test_another_certificate_is_another_row_and_is_recorded(receiver, tmp_path, center_admin):
    other = Registry(tmp_path / "other")
    with center_scope():
        certificates.enter(name="新址", text=other.certificate, told_fingerprint=other.fingerprint, by=center_admin)
        assert (certificates.current().name, Receiver.objects.count()) == ("新址", 2)
    other.close()
    event = Event.objects.filter(kind="receiver.entered").latest("pk")
    assert event.facts["fingerprint_before"] == receiver.fingerprint


def test_what_was_typed_stays_beside_its_error_but_for_a_private_key(registry, center_client):
    url = reverse("printing:handover_receiver")
    typed = {"name": "学籍处", "text": registry.certificate, "told_fingerprint": "AB" * 20}
    shown = center_client.post(url, typed).content.decode()
    assert "学籍处" in shown
    assert "BEGIN PGP PUBLIC KEY BLOCK" in shown
    assert (
        "PRIVATE KEY"
        not in center_client.post(url, typed | {"text": registry.private_key}, follow=True).content.decode()
    )


def test_a_school_reads_the_certificate_and_cannot_put_its_own_there(receiver, school, outside):
    with school_scope(school):
        assert certificates.current() == receiver
        with pytest.raises(DatabaseError, match=r"row-level security|permission denied"):
            Receiver.objects.create(name="x", certificate="x", fingerprint="x")


def test_a_block_that_fails_leaves_no_file(receiver, tmp_path):
    def write():
        with sealing.sealed(tmp_path / "x", certificate=receiver.certificate) as out:
            out.write(b"x" * 100_000)
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        write()
    assert not (tmp_path / "x").exists()


def test_the_center_makes_sends_and_records_the_answer(
    two, pair, registry, center_client, center_admin, tmp_path, django_capture_on_commit_callbacks
):
    page = reverse("printing:handover_school", args=[two.pk])
    assert two.school.name in center_client.get(reverse("printing:handover")).content.decode()
    center_client.post(reverse("printing:handover_make", args=[two.pk]))
    with system_scope():
        job = Job.objects.get(kind=packages.KIND)
    assert center_client.get(page, headers={"HX-Request": "true"}).status_code == 200
    jobs.run(job.pk)
    assert center_client.get(page, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    download = center_client.get(reverse("portal:job_file", args=[job.pk]))
    path = tmp_path / "downloaded.zip.gpg"
    path.write_bytes(b"".join(download.streaming_content))
    assert len(rows_of(registry.open(path))) == 2
    with system_scope():
        package = HandoverPackage.objects.get()
    assert package.sha256 in center_client.get(page).content.decode()
    today = timezone.localdate().isoformat()
    sent = {"sent_on": today, "sent_how": "光盘"}
    receipt = {"confirmed_on": today, "confirmed_by_name": "赵主任", "receipt_no": "XX-7"}
    center_client.post(reverse("printing:handover_receipt", args=[package.pk]), receipt)  # not before it was sent
    center_client.post(reverse("printing:handover_sent", args=[package.pk]), sent)
    center_client.post(reverse("printing:handover_receipt", args=[package.pk]), receipt)
    shown = center_client.get(page).content.decode()
    assert "赵主任" in shown
    assert "XX-7" in shown
    center_client.post(reverse("printing:handover_receipt", args=[package.pk]), receipt | {"differences": "少 1 人"})
    with system_scope():
        package.refresh_from_db()
        assert (package.status, package.differences) == (Status.RECEIVED, "少 1 人")
    assert Event.objects.filter(kind="handoverpackage.receipt_changed").get().facts["has_differences"] is True


def test_who_cannot_be_handed_over_stands_on_the_page(two, pair, center_client):
    default_storage.delete(Photo.objects.get(student=pair[0]).portrait.name)
    center_client.post(reverse("printing:handover_make", args=[two.pk]))
    with system_scope():
        jobs.run(Job.objects.get(kind=packages.KIND).pk)
    page = center_client.get(reverse("printing:handover_school", args=[two.pk])).content.decode()
    assert pair[0].student_no in page
    assert said("The file of the portrait is missing.") in page


def test_an_officer_sees_and_answers_but_makes_nothing(two, receiver):
    client = client_of(factories.person("officer-2", Role.CENTER_OFFICER))
    assert client.get(reverse("printing:handover")).status_code == 200
    assert client.get(reverse("printing:handover_receiver")).status_code == 403
    assert client.post(reverse("printing:handover_make", args=[two.pk])).status_code == 403


def test_the_list_takes_as_many_queries_for_three_schools_as_for_one(two, season, center_client):
    url = reverse("printing:handover")

    def queries():
        with CaptureQueriesContext(connection) as asked:
            center_client.get(url)
        return len(asked)

    queries()
    before = queries()
    for code in ("20001", "20002"):
        factories.school(season=season, code=code, name=f"School {code}")
    assert queries() == before


def test_the_command_writes_the_next_package_and_then_the_same_again(two, pair, registry, tmp_path):
    def run(**options):
        out = StringIO()
        call_command("handover", two.school.code, out=tmp_path / "out", stdout=out, **options)
        return out.getvalue()

    first = run()
    path = tmp_path / "out" / f"{two.season.year}-{two.school.code}-1.zip.gpg"
    assert len(rows_of(registry.open(path))) == 2
    path.with_suffix("").unlink()
    assert first.splitlines()[1] == run().splitlines()[1]  # the hash of the content
    correct(pair[1])
    assert "-2.zip.gpg" in run()
    with pytest.raises(CommandError, match=said("There is no package %(number)d of this school.", number=7)):
        run(number=7)


def test_a_new_student_of_the_school_comes_in_a_supplement(two, scoped, season, center_admin, tmp_path):
    made(two, tmp_path, center_admin)
    late = with_portrait(scoped, season, stage=Student.Stage.PROOFED)
    repaint(late, "#3264c8")
    package, _path = made(two, tmp_path, center_admin, name="late.gpg")
    assert list(package.items.values_list("student", flat=True)) == [late.pk]


def test_a_package_that_was_not_sent_has_no_receipt(two, center_admin, tmp_path):
    package, _path = made(two, tmp_path, center_admin)
    with pytest.raises(Conflict):
        packages.record_receipt(
            package, confirmed_on=timezone.localdate(), confirmed_by_name="x", receipt_no="1", by=center_admin
        )
