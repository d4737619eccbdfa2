"""How the events of this room read in the history: see portal/event_kinds.py."""

from portal import event_kinds

event_kinds.register_facts(hidden={"demo"})
