"""What this room adds to the portal."""

from demo import story  # noqa: F401  (registers a kind of job)
from portal import event_kinds

event_kinds.register_facts(unsaid={"demo"})
