"""The rows that every room stands on: who acts, what happened, what runs, what is told."""

from portal.models.history import Event
from portal.models.jobs import Job
from portal.models.notifications import Message
from portal.models.people import Membership, Role, User

__all__ = ["Event", "Job", "Membership", "Message", "Role", "User"]
