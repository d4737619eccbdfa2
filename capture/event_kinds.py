"""How the events of this room read in the history: see portal/event_kinds.py."""

from django.utils.translation import gettext_lazy as _

import vision
from capture.models import AdmissionUpload, Exemption, FaceComparison, Photo
from capture.sign_in import real_name
from capture.sign_in.providers import all_providers
from capture.sign_in.providers.base import Strength
from portal import event_kinds
from portal.notifications.channels import all_channels

event_kinds.register_subject("photo", _("Photos"), order=60)
event_kinds.register(
    "season",
    {
        "limits.changed": _("Photo rules changed"),
        "season.purged": _("Originals deleted after the retention time"),
    },
)
event_kinds.register(
    "student",
    {
        "student.sign_in_failed": _("Sign-in of a student failed"),
        "student.signed_in": _("Student signed in"),
        "student.document_seen": _("Document of the student seen at a station"),
        "student.wechat_linked": _("WeChat of the student linked for signing in"),
        "student.wechat_unlinked": _("WeChat of the student unlinked"),
        "student.agreed": _("Student agreed to the use of the portrait"),
        "student.consent_withdrawn": _("Student took the consent back"),
        "student.data_taken": _("Student downloaded a copy of their data"),
        "student.admission_photo_seen": _("Admission photo looked at"),
        "student.locked": _("Student locked"),
        "student.unlocked": _("Student unlocked"),
    },
)
event_kinds.register(
    "photo",
    {
        "photo.uploaded": _("Photo taken"),
        "photo.ready": _("Check passed, portrait made"),
        "photo.rejected": _("Photo not accepted by the automatic check"),
        "photo.failed": _("Photo could not be judged"),
        "photo.checking": _("Photo judged again"),
        "photo.submitted": _("Photo submitted"),
        "photo.handed_in_at_station": _("Photo submitted by the student at a station, with its helper present"),
        "photo.appealed": _("Student asked for a person's look at the photo"),
        "photo.appeal_prepared": _("Photo made ready for a person's look"),
        "exemption.declared": _("Student declared an exemption"),
        "exemption.changed": _("Student changed a declared exemption"),
        "exemption.confirmed": _("Exemption confirmed"),
        "exemption.refused": _("Exemption not confirmed"),
        "exemption.taken_back": _("Student took an exemption back"),
        "photo.withdrawn": _("Photo withdrawn by the student"),
        "photo.approved": _("Photo approved"),
        "photo.approved_automatically": _("Photo approved automatically: nothing was found"),
        "photo.rejudged": _("Photo judged again under other limits"),
        "photo.excused": _("Photo judged again with the student's exemption"),
        "photo.released": _("Photo not refused any more, its portrait is made"),
        "photo.returned": _("Photo returned"),
        "photo.reset": _("Approved photo reset"),
        "photo.undone": _("Decision on a photo taken back"),
        "photo.set_aside": _("Failed photo reset"),
        "photo.framed": _("Frame of the portrait set by hand"),
        "photo.framed_automatically": _("Portrait put back into its automatic frame"),
        "photo.recoloured": _("Portrait made again on another background"),
        "photo.looked": _("Photo looked at"),
        "photo.compared": _("Photo looked at beside another student's, which is alike"),
        "photo.likeness_found": _("The same or nearly the same picture was found under another student"),
        "photo.likeness_cleared": _("Compared by a person: not the same picture"),
        "photo.face_doubted": _("The face is not as expected: a person is asked"),
        "photo.face_answered": _("Faces compared by a person"),
        "photo.film_doubted": _("The film before the shutter moves like a flat picture: a person is asked"),
        "photo.film_seen": _("Film before the shutter looked at"),
        "photo.downloaded": _("Original of a photo downloaded"),
        "station.added": _("Station added"),
        "station.changed": _("Station changed"),
        "station.removed": _("Station removed"),
        "station.device_begun": _("Device signed in at a station"),
        "station.device_ended": _("Device signed out of a station"),
        "slot.added": _("Slot of a class added by hand"),
        "slot.moved": _("Slot of a class moved"),
        "slot.removed": _("Slot of a class removed"),
    },
)
event_kinds.register(
    "school",
    {
        "admissionupload.begun": _("Upload of admission photos begun"),
        "enrolment.notice": _("Notice to the students changed"),
        "enrolment.slots_made": _("Plan of the classes made"),
        "enrolment.sign_in": _("Ways of the school to sign in changed"),
    },
)
event_kinds.register_states(Exemption, _("Exemption"), subject="photo", is_one_of_many=True)
event_kinds.register_states(AdmissionUpload, _("Admission photos"), subject="school")
event_kinds.register_states(Photo, _("Photo"), subject="photo", is_one_of_many=True)
event_kinds.register("school", {"enrolment.daily_check_opened": _("Daily check looked at")})
event_kinds.register_facts(
    {
        "version": _("Version"),
        "width": _("Width (px)"),
        "height": _("Height (px)"),
        "origin": _("Photo from"),
        "attempts": _("Attempts"),
        "background": _("Background"),
        "replaced": _("Replaced by a newer photo"),
        "day": _("Day"),
        "allow_file": _("Photo files allowed"),
        "only_in_slots": _("Only in the class's slot"),
        "length": _("Characters"),
        "text": _("Text (hash)"),
        "face_comparison": _("Comparison of faces"),
        "admission_comparison": _("Comparison with the admission photo"),
        "film": _("Film before the shutter"),
        "rule": _("Rule"),
        "distance": _("Distance"),
        "answer": _("Answer"),
        "with": _("Compared with"),
        "matched": _("Pictures of students"),
        "stored": _("Pictures stored"),
        "printing": _("Printing house"),
        "station": _("Station"),
        "helper": _("Helper"),
        "by_guardian": _("By a guardian"),
        "address": _("Address"),
        "recognised_by": _("Recognised by"),
        "strength": _("What stands behind it"),
        "why": _("Why it was refused"),
        "service": _("Service"),
        "channel": _("Channel"),
        "service_number": _("Number at the service"),
        "rules": _("Rules"),
        "limits": _("Limits"),
        "limit_set": _("Set of limits"),
        "engine": _("Engine"),
        "face_width": _("Face width (px)"),
        "eye_line": _("Eyes (px)"),
        "hair_top": _("Hair top (px)"),
        "sideways": _("Beside the middle (px)"),
        "tilt": _("Tilt (degrees)"),
        "bits": _("Bits of 512 that differ"),
        "slots": _("Slots"),
        "from_day": _("From day"),
    },
    hidden={"photo", "crop", "batch"},
    lists={"rules", "limits"},
    values={
        "rules": {rule.name: rule.label for rule in vision.RULES},
        "recognised_by": {way.name: way.title for way in all_providers().values()},
        "strength": dict(Strength.choices),
        "photograph_strength": dict(Strength.choices),
        "channel": {name: each.label for name, each in all_channels().items()},
        "service": {name: each.title for name, each in real_name.SERVICES.items()},
        "why": {
            "expired": _("the capture code has expired"),
            "unknown": _("no capture code of the registry"),
            "someone_else": _("the capture code of somebody else"),
            "used": _("the capture code was used by another student"),
            "digits": _("the digits of a helper were wrong or used up"),
            "other_code": _("another capture code than before"),
            "service_mismatch": _("a real-name service: name and number do not belong together"),
            "service_no_record": _("a real-name service: no record of the number"),
            "service_format": _("a real-name service: not a name or number that it takes"),
            "service_face": _("a real-name service: the face does not fit"),
            "service_expired": _("a real-name service: the check was too old"),
        },
        "rule": {rule.name: rule.label for rule in vision.RULES},
        "answer": dict(FaceComparison.Answer.choices),
        "with": dict(FaceComparison.Kind.choices),
        "outcome": {"green": _("Passed the check"), "amber": _("To be looked at"), "red": _("Not accepted")},
    },
    dates={"day", "from_day"},
)
