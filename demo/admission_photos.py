"""The demo's admission photos: drawn, too. One student's shows somebody else, and two students' are exchanged."""

import io

from PIL import Image

from capture.models import AdmissionPhoto, AdmissionUpload
from capture.same_person import admission_photos
from demo import drawn_people
from schools.models import Enrolment
from students.models import Student

SIZE = (240, 320)
EXCHANGED, STRANGE = (-1, -2), -3  # among the students who have a photo


def draw(student: Student, seed: int | None = None) -> bytes:
    """Smaller and darker than the portrait: the distance of the same drawn person is about 0.15."""
    person = drawn_people.Person.random(student.pk * 7 + 1 if seed is None else seed, gender=student.gender)
    drawn = drawn_people.draw_portrait(person, size=(480, 640)).resize(SIZE, Image.Resampling.LANCZOS)
    kept = io.BytesIO()
    Image.eval(drawn, lambda value: value * 9 // 10).save(kept, "JPEG", quality=88)
    return kept.getvalue()


def give(enrolment: Enrolment, students: list[Student], photographed: int) -> None:
    """Store the admission photos of a school, unless it has some. The first `photographed` students take photos."""
    if AdmissionPhoto.objects.filter(season=enrolment.season).exists():
        return
    pictures = {student.pk: draw(student) for student in students}
    present = students[:photographed]
    if len(present) > len(EXCHANGED) + 1:
        one, other = (present[place] for place in EXCHANGED)
        pictures[one.pk], pictures[other.pk] = pictures[other.pk], pictures[one.pk]
        pictures[present[STRANGE].pk] = draw(present[STRANGE], seed=4)
    upload = AdmissionUpload.objects.create(
        school=enrolment.school,
        season=enrolment.season,
        filename="录取照片.zip",
        parts=1,
        status=AdmissionUpload.Status.DONE,
        report={"matched": len(students), "stored": len(students), "without": 0},
    )
    admission_photos.store(pictures, upload=upload)
