import io
import json
import zipfile
from io import StringIO

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from capture.models import Photo
from portal.errors import PortalError
from portal.models import Event
from printing import portrait_archive
from students.models import Student
from tests.support.school_papers import confirm, text_of, with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db


def run(name, *args, **options):
    out = StringIO()
    call_command(name, *args, stdout=out, **options)
    return out.getvalue()


def test_sheets_of_approved_students_are_written(pair, scoped, season, tmp_path):
    confirm(pair[0])
    with_portrait(scoped, season, stage=Student.Stage.RETAKE)
    printed = run("build_sheets", scoped.code, out=tmp_path / "new").splitlines()
    path = tmp_path / "new" / f"{scoped.code}-001.pdf"
    assert printed[0] == f"{path}\t2\t1"
    total = said(
        "%(students)d students, %(pages)d pages, %(volumes)d volumes in %(seconds).1f s",
        students=2,
        pages=1,
        volumes=1,
        seconds=0,
    )
    assert printed[1].startswith(total.partition("0.0")[0])
    assert text_of(path).count(pair[0].id_number) == 5


def test_sheets_can_be_kept_to_those_proofread(pair, scoped, tmp_path):
    confirm(pair[0])
    assert run("build_sheets", scoped.code, out=tmp_path, proofread_only=True).splitlines()[0].endswith("\t1\t1")


def test_photos_are_named_by_document_number(pair, scoped, tmp_path):
    run("export_photos", scoped.code, out=tmp_path / "photos.zip")
    with zipfile.ZipFile(tmp_path / "photos.zip") as made:
        assert sorted(made.namelist()) == sorted(f"{student.id_number}.jpg" for student in pair)
        for student in pair:
            with Photo.objects.get(student=student).portrait.open() as portrait:
                assert made.read(f"{student.id_number}.jpg") == portrait.read()
    event = Event.objects.get(kind="portraits.downloaded")
    assert (event.facts, event.source) == ({"students": 2, "in_clear": True}, "command")
    assert not any(student.id_number in json.dumps(event.facts) for student in pair)


def test_photos_are_named_by_student_number_where_asked(pair, scoped, tmp_path):
    run("export_photos", scoped.code, out=tmp_path / "photos.zip", student_numbers=True)
    with zipfile.ZipFile(tmp_path / "photos.zip") as made:
        assert sorted(made.namelist()) == sorted(f"{student.student_no}.jpg" for student in pair)


def test_lost_file_is_named_in_the_archive_and_the_rest_delivered(pair, enrolment, owner, tmp_path, scoped):
    default_storage.delete(Photo.objects.get(student=pair[0]).portrait.name)
    run("export_photos", scoped.code, out=tmp_path / "photos.zip")
    with zipfile.ZipFile(tmp_path / "photos.zip") as made:
        assert sorted(made.namelist()) == sorted([f"{pair[1].id_number}.jpg", portrait_archive.MISSING_LIST])
        assert made.read(portrait_archive.MISSING_LIST).decode("utf-8-sig") == pair[0].student_no


def test_the_archive_takes_the_same_queries_whatever_the_students(
    pair, enrolment, owner, scoped, season, django_assert_num_queries
):
    for _ in range(3):
        with_portrait(scoped, season)
    with django_assert_num_queries(3):  # the portraits, the form (what was corrected since), and the event
        portrait_archive.write(io.BytesIO(), enrolment, by=owner)


def test_school_without_portraits_has_no_archive(enrolment, owner, scoped):
    with pytest.raises(PortalError, match=said("No student of the school has an approved portrait yet.")):
        portrait_archive.write(io.BytesIO(), enrolment, by=owner)


def test_feedback_form_is_written(enrolment, scoped, tmp_path):
    run("feedback_form", scoped.code, out=tmp_path / "form.pdf")
    assert "电子图像校对反馈表" in text_of(tmp_path / "form.pdf")


@pytest.mark.parametrize("name", ["build_sheets", "export_photos", "feedback_form"])
def test_unknown_school_is_said_in_a_sentence(name, season, tmp_path):
    with pytest.raises(CommandError, match=said("There is no school with the code %(code)s.", code="404")):
        run(name, "404", out=tmp_path / "x")


@pytest.mark.parametrize("name", ["build_sheets", "export_photos"])
def test_school_without_portraits_is_said_in_a_sentence(name, enrolment, tmp_path):
    with pytest.raises(CommandError, match=said("No student of the school has an approved portrait yet.")):
        run(name, enrolment.school.code, out=tmp_path / "x")


@pytest.mark.parametrize("name", ["export_photos", "feedback_form"])
def test_folder_that_is_not_there_is_said_in_a_sentence(name, pair, scoped, tmp_path):
    with pytest.raises(CommandError, match=said("The file cannot be written: %(reason)s")):
        run(name, scoped.code, out=tmp_path / "nowhere" / "x.pdf")


def test_character_without_glyph_is_said_with_the_student(pair, scoped, tmp_path):
    Student.objects.filter(pk=pair[0].pk).update(name="李𠮷")
    with pytest.raises(CommandError, match=f"{pair[0].student_no} 李𠮷"):
        run("build_sheets", scoped.code, out=tmp_path)
