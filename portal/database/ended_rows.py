"""A row that has ended, as an erased student has, stays as it is and takes no new rows.

What was on its way when the row ended, an upload or a form that was read before, would otherwise bring back what was to
be gone. The rules look for themselves, under the row's lock; this holds for whatever they forget. A model names the
condition (SQL, each column after `{row}.`) in `ENDED_WHEN` and the columns that stay in `ENDED_KEEPS`; a model that points
to it names the foreign keys in `NO_ROWS_OF_ENDED`. `migrate` puts the triggers into force at its end.

The trigger for new rows comes after the foreign key's own, which waits for whoever is just ending the row.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps

KEPT = """
CREATE OR REPLACE FUNCTION {table}_ended_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE check_violation USING MESSAGE = 'a row of {table} that has ended stays as it is';
END $$
"""
REFUSED = """
CREATE OR REPLACE FUNCTION {table}_of_ended() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
{checks}
    RETURN NULL;
END $$
"""
CHECK = """
    IF EXISTS (SELECT FROM public.{parent} AS parent WHERE id = NEW.{column} AND {condition}) THEN
        RAISE check_violation USING MESSAGE = TG_TABLE_NAME || '.{column} names a row that has ended';
    END IF;"""


def statements(tables: Iterable[str]) -> Iterator[str]:
    """The SQL that puts the triggers into force, run by the owner of the tables. Safe to repeat."""
    existing = set(tables)
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table not in existing:
            continue
        if condition := getattr(model, "ENDED_WHEN", ""):
            columns = {field.name: field.column for field in model._meta.concrete_fields}
            kept = [columns[name] for name in model.ENDED_KEEPS]  # type: ignore[attr-defined]
            old, new = (", ".join(f"{row}.{column}" for column in kept) for row in ("OLD", "NEW"))
            yield KEPT.format(table=table)
            yield (
                f"CREATE OR REPLACE TRIGGER ended_stays BEFORE UPDATE ON {table} FOR EACH ROW"
                f" WHEN ({condition.format(row='OLD')} AND ({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION {table}_ended_stays()"
            )
        if names := getattr(model, "NO_ROWS_OF_ENDED", ()):
            checks = ""
            for field in [one for one in model._meta.concrete_fields if one.name in names]:
                parent: Any = field.related_model
                condition = parent.ENDED_WHEN.format(row="parent")
                checks += CHECK.format(parent=parent._meta.db_table, column=field.column, condition=condition)
            yield REFUSED.format(table=table, checks=checks)
            yield (
                f"CREATE OR REPLACE TRIGGER zz_of_ended AFTER INSERT ON {table} FOR EACH ROW"
                f" EXECUTE FUNCTION {table}_of_ended()"
            )
