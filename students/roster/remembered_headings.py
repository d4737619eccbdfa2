"""What the headings of a school's rosters mean, remembered from one file to the next."""

from django.db import transaction

from portal import history
from schools.models import School
from students.models import RosterHeading
from students.roster.columns import column_of
from students.roster.headings import Assignment, find_headings, is_lasting


def of_school(school: School) -> Assignment:
    rows = RosterHeading.objects.filter(school=school)
    return Assignment(dict(rows.values_list("heading", "field")))


def remember(*, school: School, assignment: Assignment, labels: dict[str, str], by: history.Actor) -> None:
    """Remember the headings that the import would have taken otherwise by itself; forget the others.

    Not remembered: repeated headings and columns without one, which mean nothing in another file, and
    that a column is left out because another one of this file has its data.
    """
    by_itself = _taken_by_itself(labels)
    used = set(assignment.fields.values())
    with transaction.atomic():
        for key, field in assignment.fields.items():
            if not is_lasting(key):
                continue
            known = column_of(labels[key])
            if field == by_itself[key]:
                RosterHeading.objects.filter(school=school, heading=key).delete()
            elif field or not (known and known.field in used):
                RosterHeading.objects.update_or_create(
                    school=school,
                    heading=key,
                    defaults={"label": labels[key][:60], "field": field, "changed_by_name": by.actor_name},
                )


def _taken_by_itself(labels: dict[str, str]) -> dict[str, str]:
    """{key: field or ""} of a row of headings when nobody says anything."""
    found = find_headings([list(labels.values())], {}, row=1)
    fields = {index: field for field, index in found.places.items()} if found else {}
    return {key: fields.get(index, "") for index, key in enumerate(labels)}


def change(*, school: School, fields: dict[str, str | None], by: history.Actor) -> None:
    """Change what remembered headings mean: {key: field, "" for not imported, None to forget it}."""
    with transaction.atomic():
        for row in RosterHeading.objects.select_for_update(no_key=True).filter(school=school, heading__in=fields):
            field = fields[row.heading]
            if field is None:
                row.delete()
            elif field != row.field:
                row.field, row.changed_by_name = field, by.actor_name
                row.save()
        history.record("roster.headings_changed", school, by=by)
