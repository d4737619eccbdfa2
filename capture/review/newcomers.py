"""What becomes of the photo when a school confirms, or does not confirm, a student who appeared by a capture code."""

from capture.models import Photo
from capture.review import automatic_approval, decisions
from capture.upload import submission
from portal.models import User
from students.models import Student
from students.without_list import appearances


@appearances.registers_confirmed
def approve_if_green(student: Student) -> None:
    """What was handed in before; `decisions.approve` has refused it so far."""
    photo = Photo.objects.select_related("student", "season").filter(student=student, is_current=True).first()
    if photo and photo.status == Photo.Status.SUBMITTED:
        automatic_approval.approve_if_green(photo)


@appearances.registers_refusing
def give_back(student: Student, reason: str, by: User) -> None:
    """A photo in review goes back with the reason; one that is not handed in is withdrawn."""
    photo = Photo.objects.filter(student=student, is_current=True).first()
    if photo and photo.status == Photo.Status.SUBMITTED:
        decisions.return_(photo=photo, by=by, reason=reason)
    elif photo:
        submission.end_unsubmitted(student, by=by)
