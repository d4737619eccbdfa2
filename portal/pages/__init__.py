"""What pages are made of: lists, panels, menu, badges, shared fields, and the context of every template."""
