"""What a migration does that the web of the release before does not bear (docs/recipes.md, A change of the tables)."""

from django.contrib.postgres import operations as postgres
from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field

BORNE = (
    migrations.CreateModel,
    migrations.AlterModelOptions,
    migrations.AlterModelManagers,
    migrations.RemoveConstraint,
    migrations.RunPython,
    migrations.RunSQL,
    postgres.AddConstraintNotValid,
    postgres.ValidateConstraint,
)
ALONE = (postgres.AddIndexConcurrently, postgres.RemoveIndexConcurrently)
INSTEAD = {
    "AddIndex": "use AddIndexConcurrently",
    "RemoveIndex": "use RemoveIndexConcurrently",
    "AddConstraint": "use AddConstraintNotValid, and ValidateConstraint in a later migration",
    "RemoveField": "take it out of the model first (SeparateDatabaseAndState), drop the column a release later (RunSQL)",
    "DeleteModel": "take it out of the code first (SeparateDatabaseAndState), drop the table a release later (RunSQL)",
    "RenameField": "add a new column, fill it, drop the old one in a later release",
    "RenameModel": "keep db_table",
    "AlterField": "add a new column, fill it, drop the old one in a later release",
}


def faults(migration: migrations.Migration, state: ProjectState) -> list[str]:
    """What is wrong with it, a sentence each. `state`: the models before it; those after it when this returns."""
    found = []
    if len(migration.operations) > 1 and not migration.atomic:
        found.append("it is not atomic: one operation alone, or it cannot run again")
    for operation in migration.operations:
        found += [f"{operation.describe()}: {fault}" for fault in _of(operation, migration, state)]
        operation.state_forwards(migration.app_label, state)
    return found


def _of(operation: Operation, migration: migrations.Migration, state: ProjectState) -> list[str]:
    if isinstance(operation, BORNE):
        return []
    if isinstance(operation, ALONE):
        return [] if not migration.atomic else ["set atomic = False"]
    if isinstance(operation, migrations.AddField):
        return _added(operation.field)
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        gone = [each for each in operation.state_operations if isinstance(each, migrations.RemoveField)]
        fields = [state.models[migration.app_label, each.model_name_lower].fields[each.name] for each in gone]
        unwritten = [
            "nobody writes it any more: null=True or a db_default first" for field in fields if not _is_empty(field)
        ]
        return unwritten + [fault for each in operation.database_operations for fault in _of(each, migration, state)]
    if isinstance(operation, migrations.AlterField):
        before = state.models[migration.app_label, operation.model_name_lower].fields[operation.name]
        if _column(before) == _column(operation.field):
            return []
    return [
        INSTEAD.get(
            type(operation).__name__, "say in tests/support/migration_rules.py whether the web of before bears it"
        )
    ]


def _added(field: Field) -> list[str]:
    found = []
    if not field.many_to_many and not _is_empty(field):
        found.append("null=True or a db_default: the web of before does not write it")
    if field.db_index or field.unique:
        found.append("no index: AddIndexConcurrently in a migration of its own")
    return found


def _is_empty(field: Field) -> bool:
    return field.null or field.has_db_default()


def _column(field: Field) -> tuple:
    """What of a field stands in the database."""
    _name, path, positional, named = field.deconstruct()
    return (
        path,
        positional,
        {name: value for name, value in named.items() if name not in (*field.non_db_attrs, "default")},
    )
