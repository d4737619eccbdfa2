"""A row points to rows of its own school only, whoever writes it.

PostgreSQL's foreign keys ask no policy: in a school's scope a photo could name a student of another
school. For each foreign key from a tenant model to another one, a trigger asks for the school of the row
that is pointed to. `SEES_OTHER_SCHOOLS` of a model names the foreign keys that may lead to
another school. `migrate` puts the triggers into force at its end.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import models

# In a school's scope the row of another school is not seen at all, which is refused as well.
FUNCTION = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.school_id IS DISTINCT FROM NEW.school_id THEN
        RAISE insufficient_privilege USING MESSAGE = 'a row of ' || TG_TABLE_NAME || ' stays at its school';
    END IF;
{checks}
    RETURN NULL;
END $$
"""
CHECK = """
    IF NEW.{column} IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.{parent} WHERE id = NEW.{column} AND school_id IS NOT DISTINCT FROM NEW.school_id
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = TG_TABLE_NAME || '.{column} names a row of another school';
    END IF;"""


def is_tenants(model: type[models.Model]) -> bool:
    """Whether the rows of a model belong to schools, perhaps some of them to none."""
    return any(field.name == "school" for field in model._meta.concrete_fields)


def guarded(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    """The foreign keys of a tenant model that lead to rows of the same school."""
    if not is_tenants(model):
        return []
    free = getattr(model, "SEES_OTHER_SCHOOLS", ())
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and is_tenants(field.related_model) and field.name not in free
    ]


def statements(tables: Iterable[str]) -> Iterator[str]:
    """The SQL that puts the triggers into force, run by the owner of the tables. Safe to repeat."""
    existing = set(tables)
    for model in apps.get_models(include_auto_created=True):
        fields, table = guarded(model), model._meta.db_table
        if fields and table in existing:
            name = f"{table}_same_school"
            checks = "".join(CHECK.format(column=one.column, parent=one.related_model._meta.db_table) for one in fields)
            yield FUNCTION.format(name=name, checks=checks)
            changed = ", ".join(f"OLD.{column}" for column in ["school_id", *(one.column for one in fields)])
            yield (
                f"CREATE OR REPLACE TRIGGER same_school_new AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
            yield (
                f"CREATE OR REPLACE TRIGGER same_school AFTER UPDATE ON {table} FOR EACH ROW"
                f" WHEN (({changed}) IS DISTINCT FROM ({changed.replace('OLD.', 'NEW.')})) EXECUTE FUNCTION {name}()"
            )
