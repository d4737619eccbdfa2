"""Seasons, areas, schools, and the enrolments of schools in seasons."""

from schools.models.enrolment import Action, Enrolment
from schools.models.places import Area, School
from schools.models.season import Season, Window, WindowException

__all__ = ["Action", "Area", "Enrolment", "School", "Season", "Window", "WindowException"]
