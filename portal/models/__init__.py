"""Models that every room uses: accounts, history, jobs, notifications."""

from portal.models.claims import Claimable, TenantClaimableQuerySet
from portal.models.counters import Counter, CounterProof, Numbers
from portal.models.history import Checkpoint, Event
from portal.models.jobs import Job
from portal.models.looks import Look
from portal.models.notifications import Contact, DeliveriesByState, Delivery, Notification, NotificationText
from portal.models.people import Membership, Role, User
from portal.models.sign_ins import SignIn

__all__ = [
    "Checkpoint",
    "Claimable",
    "Contact",
    "Counter",
    "CounterProof",
    "DeliveriesByState",
    "Delivery",
    "Event",
    "Job",
    "Look",
    "Membership",
    "Notification",
    "NotificationText",
    "Numbers",
    "Role",
    "SignIn",
    "TenantClaimableQuerySet",
    "User",
]
