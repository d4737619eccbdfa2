"""Students of a school that hands over no list: what each paper, package, archive, export and search carries of them."""

import json
import re
import zipfile
from io import BytesIO

import pytest
from django.core.files.storage import default_storage

from portal.tenancy import center_scope
from printing import portrait_archive
from printing.handover import certificates
from schools.models import Enrolment
from students.lists import number_search, resources
from students.models import Appearance, Student
from students.roster.cells import SHOWN_ID_TYPES
from tests.printing.test_handover import made, registry, rows_of  # noqa: F401
from tests.support.school_papers import picture, read, text_of, with_portrait

pytestmark = pytest.mark.django_db
NUMBERS = ("R719020", "R719021")  # of the registry
STARS = ("320***********0016", "110***********123X")
NAMES = ("刘*", "欧**")
CLEAR = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")  # a document number


@pytest.fixture
def pair(scoped, season, enrolment):
    """In place of two students of a list: they appeared by their codes, and the school has confirmed them."""
    Enrolment.objects.filter(pk=enrolment.pk).update(hands_over_list=False, stated_students=2)
    students = [
        with_portrait(
            scoped,
            season,
            jpeg=picture((90 * n, 60, 120), quality=30),
            id_type=Student.IdType.REGISTRY,
            id_number=NUMBERS[n],
            id_masked=STARS[n],
            name=NAMES[n],
            gender="",
        )
        for n in range(2)
    ]
    for student in students:
        Appearance.objects.create(student=student, school=scoped, season=season, status=Appearance.Status.CONFIRMED)
    return students


def test_the_registry_reads_its_own_numbers_and_stars(accepted, pair, registry, center_admin, tmp_path):  # noqa: F811
    with center_scope():
        certificates.enter(
            name="学籍处", text=registry.certificate, told_fingerprint=registry.fingerprint, by=center_admin
        )
    _package, path = made(accepted, tmp_path, center_admin)
    folder = registry.open(path)
    rows = rows_of(folder)
    assert [row["证件号码"] for row in rows] == list(STARS)
    assert [row["学信网编号"] for row in rows] == list(NUMBERS)
    assert [row["姓名"] for row in rows] == list(NAMES)
    assert {row["证件类型"] for row in rows} == {SHOWN_ID_TYPES[Student.IdType.REGISTRY]}
    assert [row["图像文件"] for row in rows] == [f"portraits/{number}.jpg" for number in NUMBERS]
    assert all((folder / row["图像文件"]).exists() for row in rows)
    facts = json.loads((folder / "manifest.json").read_text())
    assert (facts["named_by_registry_number"], facts["in_stars"]) == (2, ["姓名", "证件号码"])
    assert "性别" in facts["empty"]
    assert not CLEAR.search(str(rows) + str(facts))


def test_sheets_have_stars_and_never_the_registrys_number(printed, pair):
    (volume,) = printed.volumes.all()
    texts = [text_of(default_storage.path(file.name), "-raw") for file in (volume.file, printed.job.artefact)]
    for stars, name, student in zip(STARS, NAMES, pair, strict=True):
        assert texts[0].count(stars) == 5
        assert texts[0].count(name) >= 5
        assert texts[0].count(student.student_no) >= 5
    assert not any(number in text for number in NUMBERS for text in texts)
    assert not any(CLEAR.search(text) for text in texts)
    assert not any(number.encode() in read(volume.file) for number in NUMBERS)


def test_archives_are_named_by_student_or_registry_number(accepted, pair, owner):
    def names(**options):
        portrait_archive.write(made := BytesIO(), accepted, by=owner, **options)
        return sorted(zipfile.ZipFile(made).namelist())

    assert names() == sorted(f"{student.student_no}.jpg" for student in pair)
    assert names(by_document=True) == sorted(f"{number}.jpg" for number in NUMBERS)


def test_exports_have_stars_and_the_registrys_number_in_clear_only(pair):
    def table(**options):
        with resources.write_file(Student.objects.order_by("pk"), file_format="csv", **options) as file:
            return file.read().decode("utf-8-sig")

    masked, clear = table(), table(in_clear=True)
    for text in (masked, clear):
        assert all(stars in text for stars in STARS)
        assert not CLEAR.search(text)
    assert "学信网编号" not in masked
    assert not any(number in masked for number in NUMBERS)
    assert all(number in clear for number in NUMBERS)


def test_search_knows_the_registrys_number_its_end_and_what_the_stars_show(pair):
    for words, found in ((NUMBERS[0], [pair[0]]), ("9021", [pair[1]]), ("123X", [pair[1]]), ("0016", [pair[0]]), ("0017", [])):  # fmt: skip
        assert list(number_search.find(Student.objects.all(), words)) == found, words
