"""A real-name service looks at the live face of the visitor, on its own page, and compares it with the identity card."""

from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from capture.sign_in import real_name
from capture.sign_in.providers.base import Errand, Strength, Visit
from capture.sign_in.providers.real_name import RealName, ServiceForm, refusal
from capture.sign_in.real_name import asking
from capture.sign_in.real_name.asking import Answer
from capture.sign_in.real_name.base import Denied, Person
from portal.errors import NotAllowed
from schools.models import Season


class FaceForm(ServiceForm):
    with_face = True

    @staticmethod
    def sentence() -> str:
        return _gettext(
            "I agree that my name and document number go to %(services)s, which films my face on its own page and"
            " compares it with the picture of my identity card. Tucai gets a yes or no, no picture, and keeps no"
            " answer. Other ways to sign in need no such service."
        )


class LiveFace(RealName):
    name = "live_face"
    title = _("Live face")
    lead = _("A real-name service looks at your face, on its own page, and compares it with your identity card.")
    proves = _("A live face fits the identity card of this name and number, as a real-name service says.")
    strength = Strength.FACE
    names_newcomers = False
    form = FaceForm

    def is_set_up(self) -> bool:
        return bool(real_name.accounts(with_face=True))

    def confirm(self, visit: Visit, person: Person) -> Errand:
        if not visit.back:
            raise NotAllowed(_gettext("This way leads through pages of another service. Open it in the browser."))
        try:
            service, face = asking.begin_face(person, visit.season, back=visit.back, browser=visit.browser)
        except Denied as error:
            raise refusal(error) from error
        return Errand(service, face.url, face.token)

    def result(self, season: Season, person: Person, errand: Errand) -> Answer:
        try:
            return asking.result_of_face(errand.service, errand.token, person, season)
        except Denied as error:
            raise refusal(error) from error


PROVIDER = LiveFace()
