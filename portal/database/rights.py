"""What each database role may do with the rows of each table: grants and row-level security.

`migrate` puts it into force at its end (`install`). It is derived from the models, so that a new
table is shut until its model says otherwise:

- A model with a field `school` is a tenant's: the school's role sees and writes the rows of its
  school, the other roles those of every school, and outside of any scope there are none.
- Any other model of our rooms is read by everybody, and written by the center and the system.
- Nobody deletes rows, but the roles that `DATABASE_RIGHTS` of the model gives it.
- `IS_APPEND_ONLY` of a model leaves only reading and appending, `IS_WRITTEN_BY_TRIGGERS` only reading;
  `DATABASE_RIGHTS` adds rights.

The tables of installed packages stand in PACKAGES.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from portal.database import counters, ended_rows, same_school
from portal.database.same_school import is_tenants
from portal.database.scope import EVERY_SCHOOL, LOGIN, SCHOOL, USER, WORKER, DatabaseRole

ALL = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
WRITE = ALL - {"DELETE"}
READ = frozenset({"SELECT"})
APPEND = frozenset({"SELECT", "INSERT"})
Rights = dict[str, frozenset[str]]  # {role: what it may}
TENANT: Rights = {
    DatabaseRole.PLAIN: READ,
    DatabaseRole.SCHOOL: WRITE,
    DatabaseRole.CENTER: WRITE,
    DatabaseRole.ACROSS: READ,
    DatabaseRole.SYSTEM: WRITE,
}
SHARED: Rights = {DatabaseRole.PLAIN: READ, DatabaseRole.CENTER: WRITE, DatabaseRole.SYSTEM: WRITE}
# The tables of packages, by the name of the table.
PACKAGES: dict[str, Rights] = {
    "account_emailaddress": {DatabaseRole.PLAIN: ALL},
    "account_emailconfirmation": {DatabaseRole.PLAIN: ALL},
    "auth_group": {DatabaseRole.PLAIN: READ},
    "auth_group_permissions": {DatabaseRole.PLAIN: READ},
    "auth_permission": {DatabaseRole.PLAIN: READ},
    "django_admin_log": {DatabaseRole.PLAIN: READ, DatabaseRole.CENTER: APPEND},
    "django_content_type": {DatabaseRole.PLAIN: READ},
    "django_migrations": {DatabaseRole.PLAIN: READ},
    "django_session": {DatabaseRole.PLAIN: ALL},
    "mfa_authenticator": {DatabaseRole.PLAIN: ALL},
    "portal_user_groups": {DatabaseRole.PLAIN: READ},
    "portal_user_user_permissions": {DatabaseRole.PLAIN: READ},
}
# PostgreSQL lets everybody make temporary tables. Rosters are staged in them, by the workers (students.roster.staging).
_OF_THE_DATABASE = f"""DO $$ BEGIN
EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO {WORKER}', current_database());
END $$"""
OWNER = "TO CURRENT_USER USING (true)"  # of a policy, for what the owner's commands write
_PEOPLE = f"user_id IN (SELECT user_id FROM portal_membership WHERE school_id = {SCHOOL})"  # noqa: S608
_OWN_ADDRESSES = f"SELECT id FROM account_emailaddress WHERE user_id = {USER}"  # noqa: S608
PACKAGE_POLICIES: dict[str, dict[str, str]] = {
    # An address is known to whoever reads accounts. It is written for the account that the statement names.
    "account_emailaddress": {
        "read": f"FOR SELECT TO {DatabaseRole.PLAIN} USING (true)",
        "own": f"TO {LOGIN}, {DatabaseRole.CENTER} USING (user_id = {USER})",
        "of_the_school": f"TO {DatabaseRole.SCHOOL} USING (user_id = {USER} AND {_PEOPLE})",
        "everybody": f"TO {DatabaseRole.SYSTEM} USING (true)",
        "owner": OWNER,
    },
    "account_emailconfirmation": {
        "own": f"TO {DatabaseRole.PLAIN} USING (email_address_id IN ({_OWN_ADDRESSES}))",
        "owner": OWNER,
    },
    # Who administers people sees whether they have a second factor, and takes a lost one away; its owner alone makes one.
    "mfa_authenticator": {
        "own": f"TO {DatabaseRole.PLAIN} USING (user_id = {USER})",
        "seen_at_the_school": f"FOR SELECT TO {DatabaseRole.SCHOOL} USING ({_PEOPLE})",
        "lost_at_the_school": f"FOR DELETE TO {DatabaseRole.SCHOOL} USING ({_PEOPLE})",
        "seen": f"FOR SELECT TO {DatabaseRole.CENTER} USING (true)",
        "lost": f"FOR DELETE TO {DatabaseRole.CENTER} USING (true)",
        "everybody": f"TO {DatabaseRole.SYSTEM} USING (true)",
        "owner": OWNER,
    },
    "django_session": {
        "own_session": f"TO {DatabaseRole.PLAIN} USING (session_key = (SELECT current_setting('app.session', true)))",
        "expired": f"TO {DatabaseRole.SYSTEM}, {DatabaseRole.CENTER} USING (expire_date < now()) WITH CHECK (false)",
        "owner": OWNER,
    },
}


def rights_of(model: type[models.Model]) -> Rights:
    if model._meta.db_table in PACKAGES:
        return PACKAGES[model._meta.db_table]
    found = dict(TENANT if is_tenants(model) else SHARED)
    if getattr(model, "IS_APPEND_ONLY", False):
        found = {role: rights & APPEND for role, rights in found.items()}
    if getattr(model, "IS_WRITTEN_BY_TRIGGERS", False):
        found = {role: rights & READ for role, rights in found.items()}
    for role, more in getattr(model, "DATABASE_RIGHTS", {}).items():
        found[role] = found.get(role, frozenset()) | set(more)
    return found


def statements(tables: Iterable[str]) -> Iterator[str]:
    """The SQL that puts the rights of these tables into force, run by their owner. Safe to repeat."""
    existing = set(tables)
    everybody = ", ".join([LOGIN, *DatabaseRole])
    yield _OF_THE_DATABASE
    yield f"ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM {everybody}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {everybody}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {DatabaseRole.PLAIN}"
    for table, rights in PACKAGES.items():
        if table in existing:
            yield from _grants(table, rights)
            yield from _policies(table, PACKAGE_POLICIES.get(table, {}))
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        if table in existing and table not in PACKAGES:
            yield from _grants(table, rights_of(model))
            yield from _policies(table, _policies_of(model))


def _grants(table: str, rights: Rights) -> Iterator[str]:
    for role, allowed in rights.items():
        yield f"GRANT {', '.join(sorted(allowed))} ON {table} TO {role}"


def _policies(table: str, policies: dict[str, str]) -> Iterator[str]:
    if not policies:
        return
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    for name, policy in policies.items():
        yield f"DROP POLICY IF EXISTS {name} ON {table}"
        yield f"CREATE POLICY {name} ON {table} {policy}"


def _policies_of(model: type[models.Model]) -> dict[str, str]:
    """{name: FOR, TO, USING and WITH CHECK} of a model's policies."""
    found: dict[str, str] = {}
    if model._meta.label == settings.TENANT_MODEL:
        found = {
            "read": f"FOR SELECT TO {DatabaseRole.PLAIN} USING (true)",
            "own_school": f"FOR UPDATE TO {DatabaseRole.SCHOOL} USING (id = {SCHOOL})",
            "every_school": EVERY_SCHOOL,
        }
    elif is_tenants(model):
        found = {
            "own_school": f"TO {DatabaseRole.SCHOOL} USING (school_id = {SCHOOL})",
            "every_school": EVERY_SCHOOL,
        }
    return found | getattr(model, "DATABASE_POLICIES", {})


def install(sender: Any, using: str, **signal: Any) -> None:
    """Put the rights into force. A receiver of `post_migrate`; `flush` sends it too, without a plan."""
    if "plan" not in signal:
        return
    from django.db import connections

    connection = connections[using]
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        cursor.execute(
            "; ".join(
                [
                    *statements(tables),
                    *same_school.statements(tables),
                    *ended_rows.statements(tables),
                    *counters.statements(tables),
                ]
            )
        )
