"""What has to stand behind the sign-in of a student who photographs: a season may ask for more than for reading and paying."""

from django.utils.translation import gettext as _

from capture.sign_in import offers
from capture.sign_in.providers.base import Provider, Strength
from portal.errors import NotAllowed
from schools.models import Enrolment, Season


class StrongerWayNeeded(NotAllowed):
    """`ways`: those by which the student may sign in to photograph."""

    def __init__(self, ways: list[Provider]) -> None:
        self.ways = ways
        if ways:
            sentence = _("To take the photo, sign in once more by one of these ways: %(ways)s.")
        else:
            sentence = _("Photos are taken at a station of your school, where a helper looks at your document.")
        super().__init__(sentence % {"ways": _(", ").join(str(way.title) for way in ways)})


def is_enough(strength: str, season: Season) -> bool:
    """Whether who is signed in with this behind it may photograph."""
    return Strength.is_enough(strength, least=season.photograph_strength)


def ways(enrolment: Enrolment) -> list[Provider]:
    """Those ways of the student's season and school that are enough, in their order."""
    return [way for way in offers.of_enrolment(enrolment) if is_enough(way.strength, enrolment.season)]


def require(strength: str, enrolment: Enrolment) -> None:
    """Raise StrongerWayNeeded unless this is enough."""
    if not is_enough(strength, enrolment.season):
        raise StrongerWayNeeded(ways(enrolment))
