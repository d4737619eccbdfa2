"""The counters that the database keeps (portal.database.counters): made short, proved, put right."""
