"""Tenants and what all rooms share."""

from schools.models.history import Event
from schools.models.jobs import Job
from schools.models.messages import Message
from schools.models.people import Membership, Role, User
from schools.models.places import Area, School
from schools.models.season import Enrolment, Season, Window, WindowException

__all__ = [
    "Area",
    "Enrolment",
    "Event",
    "Job",
    "Membership",
    "Message",
    "Role",
    "School",
    "Season",
    "User",
    "Window",
    "WindowException",
]
