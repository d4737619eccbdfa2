import hashlib
import tempfile
from contextlib import ExitStack
from io import BytesIO
from unittest.mock import Mock, patch

import pypdf
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from capture.models import Photo
from portal.background import jobs
from portal.changes import states
from portal.errors import PortalError
from portal.models import Event, Job, Notification
from printing import print_runs
from printing.models import PrintItem, PrintRun, Volume
from printing.sheets import DrawnVolume
from schools.models import Enrolment
from students.models import Student
from tests.support.lost_connection import lost_at, stored_files
from tests.support.school_papers import confirm, read, text_of, with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
OUTDATED = "The data of %(n)d student have changed since the sheets were built. Build them again."


def built(run):
    jobs.run(run.job_id)
    run.refresh_from_db()
    return run


def test_sheets_are_not_printed_before_the_form_is_accepted(pair, proofreading, center_admin):
    with pytest.raises(
        PortalError, match=said("Sheets are printed once the center has accepted the school's feedback form.")
    ):
        print_runs.create(proofreading, by=center_admin)


def test_run_is_ordered_with_its_students_and_a_job_before_anything_is_built(accepted, pair, center_admin):
    run = print_runs.create(accepted, by=center_admin)
    assert set(run.items.values_list("student", flat=True)) == {student.pk for student in pair}
    assert (run.job.status, run.job.kind, run.job.queue, run.job.total) == (Job.Status.QUEUED, "sheets", "build", 2)
    assert run.job.params == {"run": run.pk}
    assert Enrolment.objects.get(pk=accepted.pk).status == Enrolment.Status.PRINTING


def test_built_run_has_volumes_pages_and_a_packing_list(printed, pair, scoped):
    (volume,) = printed.volumes.all()
    assert printed.job.status == Job.Status.DONE
    assert (volume.number, volume.students, volume.pages, printed.pages) == (1, 2, 1, 1)
    data = read(volume.file)
    assert volume.file_size == len(data)
    assert volume.sha256 == hashlib.sha256(data).hexdigest()
    text = text_of(default_storage.path(volume.file.name), "-raw")
    for student in pair:
        assert text.count(student.id_number) == 5
        assert text.count(student.student_no) >= 5
    contents = text_of(default_storage.path(printed.job.artefact.name))
    assert "装箱清单" in contents
    assert scoped.name in contents


def test_volumes_that_were_not_committed_leave_no_file(printed, tmp_path):
    before, path = stored_files(), tmp_path / "1.pdf"
    path.write_bytes(b"%PDF-")
    with lost_at('INSERT INTO "printing_volume"'):
        print_runs._store(printed, [DrawnVolume(1, path, 2, 1, None, None, (), ())])
    assert stored_files() == before


def test_a_building_that_fails_at_the_end_leaves_the_old_volumes_and_no_new_file(
    printed, settings, tmp_path, monkeypatch
):
    def files():
        return {path for path in (settings.MEDIA_ROOT / "sheets").rglob("*") if path.is_file()}

    before = files()
    monkeypatch.setattr(print_runs, "_store_places", Mock(side_effect=RuntimeError("the database is gone")))
    path = tmp_path / "1.pdf"
    path.write_bytes(b"%PDF-")
    drawn = DrawnVolume(1, path, 2, 1, None, None, (), ())
    with pytest.raises(RuntimeError):
        print_runs._store(printed, [drawn])
    assert files() == before
    assert default_storage.exists(printed.volumes.get().file.name)


def test_every_student_has_a_page(printed):
    assert set(printed.items.values_list("volume", "page")) == {(1, 1)}


def test_building_twice_gives_the_same_volume_and_leaves_no_old_file(printed, django_capture_on_commit_callbacks):
    first = printed.volumes.get()
    Job.objects.filter(pk=printed.job_id).update(status=Job.Status.QUEUED, claimed_at=None)
    with django_capture_on_commit_callbacks(execute=True):
        built(printed)
    second = printed.volumes.get()
    assert second.sha256 == first.sha256
    assert second.pk != first.pk
    assert not default_storage.exists(first.file.name)
    assert default_storage.exists(second.file.name)


def test_what_a_killed_worker_left_goes_with_the_next_building(accepted, center_admin, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run = print_runs.create(accepted, by=center_admin)
    left = tmp_path / f"tucai-{print_runs._installation()}-run-{run.pk}-dead"
    left.mkdir()
    (left / "volume.pdf").write_bytes(b"half")
    assert built(run).job.status == Job.Status.DONE
    assert list(tmp_path.glob("tucai-*")) == []


@pytest.mark.parametrize("part", ["files", "database"])
def test_a_building_leaves_the_folder_of_another_installation_alone(
    accepted, center_admin, tmp_path, monkeypatch, part
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run = print_runs.create(accepted, by=center_admin)
    elsewhere = (
        override_settings(MEDIA_ROOT=tmp_path / "other")
        if part == "files"
        else patch.dict(connection.settings_dict, NAME="other")
    )
    with ExitStack() as stack:
        with elsewhere:
            folder = stack.enter_context(print_runs._temporary_folder(run))
        assert built(run).job.status == Job.Status.DONE
        assert folder.is_dir()


def test_lost_job_is_found_by_the_sweep_and_done(accepted, center_admin, settings):
    settings.CLAIM_SECONDS = 0
    run = print_runs.create(accepted, by=center_admin)
    Job.objects.filter(pk=run.job_id).update(status=Job.Status.RUNNING, claimed_at="2022-01-01T00:00Z", attempts=1)
    assert jobs.sweep() == 1
    settings.CLAIM_SECONDS = 120
    assert built(run).job.status == Job.Status.DONE
    assert run.volumes.count() == 1


def change(student, by, **data):
    """The operator puts data right at the last moment; the student is to proofread anew."""
    states.change(Student.objects.get(pk=student.pk), Student.Stage.APPROVED, by=by)
    Student.objects.filter(pk=student.pk).update(updated_at=timezone.now(), **data)


def test_student_whose_data_changed_is_left_out_until_proofread_again(accepted, pair, center_admin, owner):
    run = print_runs.create(accepted, by=center_admin)
    change(pair[0], owner, name="欧阳娜娜")
    run = built(run)
    assert (run.students, run.items.get().student) == (1, pair[1])
    assert "欧阳娜娜" not in text_of(default_storage.path(run.volumes.get().file.name))
    confirm(pair[0])
    supplement = built(print_runs.create(accepted, by=center_admin))
    assert "欧阳娜娜" in text_of(default_storage.path(supplement.volumes.get().file.name))


def test_run_without_anybody_left_fails_with_a_sentence(accepted, pair, center_admin, owner):
    run = print_runs.create(accepted, by=center_admin)
    for student in pair:
        change(student, owner, class_name="软件2309")
    assert said("Nobody in this batch is still confirmed. Create a new one when they are.") in built(run).job.message


def test_sheets_older_than_the_data_are_not_marked_as_printed(printed, pair, center_admin, owner):
    change(pair[0], owner, name="欧阳娜娜")
    with pytest.raises(PortalError, match=said(OUTDATED, n=1)):
        print_runs.mark_printed(printed, by=center_admin)
    confirm(pair[0])
    with pytest.raises(PortalError, match=said(OUTDATED, n=1)):
        print_runs.mark_printed(printed, by=center_admin)
    again = built(print_runs.rebuild(PrintRun.objects.get(), by=center_admin))
    assert print_runs.mark_printed(again, by=center_admin).printed_at
    assert "欧阳娜娜" in text_of(default_storage.path(again.volumes.get().file.name))


def test_name_without_glyph_fails_the_job_and_names_student_and_character(accepted, pair, center_admin):
    Student.objects.filter(pk=pair[0].pk).update(name="李𠮷")
    run = built(print_runs.create(accepted, by=center_admin))
    assert run.job.status == Job.Status.FAILED
    assert pair[0].student_no in run.job.message
    assert "𠮷 (U+20BB7)" in run.job.message
    assert run.volumes.count() == 0


def test_missing_portrait_fails_the_job_and_names_the_student(accepted, pair, center_admin):
    photo = Photo.objects.get(student=pair[1])
    default_storage.delete(photo.portrait.name)
    run = built(print_runs.create(accepted, by=center_admin))
    assert pair[1].student_no in run.job.message
    assert said("the portrait's file is missing or damaged") in run.job.message


def test_run_can_be_printed_without_those_who_hold_it_up(accepted, pair, center_admin):
    Student.objects.filter(pk=pair[0].pk).update(name="李𠮷")
    run = built(print_runs.create(accepted, by=center_admin))
    assert print_runs.leave_out(run, by=center_admin) == 1
    run = built(run)
    assert (run.job.status, run.students) == (Job.Status.DONE, 1)
    assert Event.objects.get(kind="printrun.left_out").facts == {"student_nos": [pair[0].student_no]}
    assert [photo.student for photo in print_runs.printable_portraits(accepted)] == [pair[0]]


def test_failed_run_is_built_again_after_the_data_were_mended(accepted, pair, center_admin):
    Student.objects.filter(pk=pair[0].pk).update(name="李𠮷")
    run = built(print_runs.create(accepted, by=center_admin))
    Student.objects.filter(pk=pair[0].pk).update(name="李吉")
    assert built(print_runs.rebuild(run, by=center_admin)).job.status == Job.Status.DONE


def test_nobody_is_printed_twice(printed, accepted, center_admin):
    with pytest.raises(PortalError, match=said("Every student who is proofread is in a print run already.")):
        print_runs.create(accepted, by=center_admin)


def test_student_proofread_later_gets_a_supplement(printed, accepted, center_admin, scoped, season):
    late = with_portrait(scoped, season, stage=Student.Stage.PROOFED)
    supplement = print_runs.create(Enrolment.objects.get(pk=accepted.pk), by=center_admin)
    assert [item.student for item in supplement.items.all()] == [late]
    assert PrintRun.objects.count() == 2


def test_printed_run_stands(printed, pair, center_admin):
    print_runs.mark_printed(printed, by=center_admin)
    assert set(Student.objects.values_list("stage", flat=True)) == {Student.Stage.PRINTED}
    with pytest.raises(PortalError, match=said("This run has been printed already.")):
        print_runs.mark_printed(printed, by=center_admin)
    with pytest.raises(PortalError, match=said("This run has been printed. Order a new one for what is missing.")):
        print_runs.rebuild(PrintRun.objects.get(), by=center_admin)


def test_run_without_sheets_is_not_marked_as_printed(accepted, center_admin):
    run = print_runs.create(accepted, by=center_admin)
    with pytest.raises(PortalError, match=said("The sheets have not been built yet.")):
        print_runs.mark_printed(run, by=center_admin)


def test_queries_of_a_building_do_not_grow_with_the_students(
    accepted, scoped, season, center_admin, django_assert_max_num_queries
):
    for _ in range(6):
        with_portrait(scoped, season, stage=Student.Stage.PROOFED)
    run = print_runs.create(accepted, by=center_admin)
    with django_assert_max_num_queries(30):
        jobs.run(run.job_id)
    assert PrintItem.objects.filter(volume=1).count() == 8
    assert Volume.objects.count() == 1
    assert len(pypdf.PdfReader(BytesIO(read(Volume.objects.get().file))).pages) == 2


def test_school_is_told_that_its_photos_are_printed(printed, center_admin, owner):
    print_runs.mark_printed(printed, by=center_admin)
    (told,) = Notification.objects.filter(kind="printrun.printed", recipient_key=owner.actor_key)
    assert told.parameters == {"n": 2}
