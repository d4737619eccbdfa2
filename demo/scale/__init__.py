"""A season of the size of the province, filled by COPY: `manage.py demo --scale N` (docs/decisions/070)."""
