"""A correction on its way through two persons."""

from proofing import disputes
from students.correcting import correction_evidence, corrections
from students.models import Correction
from tests import factories

DOCUMENT = factories.jpeg(640, 480, "#d0d8e8")  # a photo of an identity card


def checked(correction: Correction, *, by) -> Correction:
    """With evidence, and compared with it by a first person."""
    correction_evidence.attach(correction, jpeg=DOCUMENT, by=by)
    return corrections.check_correction(correction=Correction.objects.get(pk=correction.pk), by=by)


def accept(correction: Correction, *, first, second, answer: str = "") -> Correction:
    return disputes.accept(checked(correction, by=first), by=second, answer=answer)
