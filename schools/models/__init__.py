"""Seasons, areas and schools, and the part of a school in a season."""

from schools.models.places import Area, School
from schools.models.season import Enrolment, Season, Window, WindowException

__all__ = ["Area", "Enrolment", "School", "Season", "Window", "WindowException"]
