"""Who a student is: name, document number and student number, against the roster of the season.

An unknown number, a wrong name and a wrong student number get the same answer after the same work. Attempts are
counted per address (failures only: a campus shares one) and per document number, in Redis.
"""

import hmac
import ipaddress
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from capture.sign_in import rate_limits
from portal import history
from portal.errors import PortalError
from portal.tenancy import across_schools
from schools.models import Season
from students import id_encryption
from students.models import Student

ATTEMPTS_AN_IDENTITY = "10/15m"
FAILURES_AN_ADDRESS = "60/10m"
DOTS = str.maketrans(dict.fromkeys("•‧・∙⋅．.", "·"))


class NotRecognised(PortalError):
    status = 403


@dataclass(frozen=True)
class Visitor:
    """Somebody who is not (yet) known, by the address they come from."""

    actor_name: str
    actor_key: str = "visitor"


def sign_in(*, season: Season, name: str, id_number: str, student_no: str, address: str) -> Student:
    """The student that all three belong to. Raises NotRecognised, RateLimited or Unavailable."""
    digest = id_encryption.digest(id_number)
    rate_limits.refuse_too_many("signin-address", address, FAILURES_AN_ADDRESS, increment=False)
    rate_limits.refuse_too_many("signin-identity", digest, ATTEMPTS_AN_IDENTITY)
    with across_schools():  # the roster says which school
        student = Student.objects.select_related("school", "season").filter(season=season, id_hash=digest).first()
        known = student is not None and student.school.is_active
        if not (
            _is_same(name, student.name if student else "")
            & _is_same(student_no, student.student_no if student else "")
            & known
        ):
            rate_limits.count("signin-address", address, FAILURES_AN_ADDRESS)
            history.record("student.sign_in_failed", student or season, by=Visitor(address))
            raise NotRecognised(
                _("We do not find you in the roster with these details. Look for typing errors; else ask your school.")
            )
        assert student is not None
        history.record("student.signed_in", student, by=student, facts={"address": address})
    return student


def _is_same(given: str, known: str) -> bool:
    """Compares all of it always; an empty `known` is nobody's."""
    same = hmac.compare_digest(comparable(given).encode(), comparable(known).encode())
    return same & bool(known)


def comparable(text: str) -> str:
    """Without what people type differently: spaces, width, case, the dot in the names of minorities."""
    return "".join(unicodedata.normalize("NFKC", text).translate(DOTS).split()).casefold()


def address_of(meta: dict[str, Any]) -> str:
    """The client's address; an IPv6 one as its /64, which one person commands. Proxies are believed as configured."""
    address = meta.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 a socket without address
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        address = hops[-settings.TRUSTED_PROXIES] if len(hops) >= settings.TRUSTED_PROXIES else address
    try:
        network = ipaddress.ip_network(f"{address}/{64 if ':' in address else 32}", strict=False)
    except ValueError:
        return "0.0.0.0"  # noqa: S104
    return str(network.network_address)
