"""What this room adds to the portal."""

from portal import event_kinds

event_kinds.register_facts(unsaid={"demo"})
