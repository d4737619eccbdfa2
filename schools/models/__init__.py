"""Seasons, areas and schools, and the part of a school in a season."""

from schools.models.enrolment import Action, Enrolment
from schools.models.places import Area, School
from schools.models.season import Season, Window, WindowException

__all__ = ["Action", "Area", "Enrolment", "School", "Season", "Window", "WindowException"]
