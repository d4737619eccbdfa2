"""The accounts of the staff: people and their roles, one-time links, and django-allauth's adapter."""
