"""Pages of money: the student's, the school's, the center's, and the panel of the dashboards."""

from billing.views import center, panels, school, student

__all__ = ["center", "panels", "school", "student"]
