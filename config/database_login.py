"""The database logins of web and workers are looked at before they serve: too many rights, settings of their own, or
a server that would write people's data into its log.
"""

import logging
from typing import Any

from django.db import OperationalError, connection

from launch import environment

log = logging.getLogger(__name__)

# The rights that the login of the web must not have; a superuser is a member of every role.
_TOO_MUCH = """
SELECT 1 FROM pg_roles WHERE rolname IN ('tucai_system', 'tucai_owner') AND pg_has_role(session_user, oid, 'MEMBER')
"""
# What the login brings along into every new session. Every role may set this for itself, and no GRANT forbids it.
_OWN_SETTINGS = """
SELECT DISTINCT split_part(setting, '=', 1) FROM pg_db_role_setting, unnest(setconfig) AS setting
WHERE setrole = session_user::regrole
  AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
ORDER BY 1
"""

_LOGGED = "SELECT current_setting('log_min_error_statement'), current_setting('log_error_verbosity')"


def check_rights() -> None:
    """End the start when raw SQL of this process could become the system or the owner."""
    if _asked(_TOO_MUCH):
        raise environment.Misconfigured(
            "网页进程的 DATABASE_URL 权限过大,请改用 tucai_web 账号(见 docs/operators.md)。",
            "DATABASE_URL of the web has too many rights: use the login tucai_web (docs/operators.md).",
        )


def check_settings() -> None:
    """End the start when the login has settings of its own: somebody who was in, put them there for the next session."""
    altered = _asked(_OWN_SETTINGS)
    if altered:
        names = ", ".join(name for (name,) in altered)
        raise environment.Misconfigured(
            f"数据库账号自带了设置({names}),可能有人用该账号改过。请查明原因、更换密码,并再次执行 deploy/scope_roles.sql,"
            "它会清除这些设置(见 docs/operators.md)。",
            f"The login of DATABASE_URL has settings of its own ({names}): somebody may have used it. Find out who, give it a new"
            " password, and run deploy/scope_roles.sql again, which takes them away (docs/operators.md).",
        )


def check_log() -> None:
    """End the start when PostgreSQL would write statements that fail, or the row of a constraint, into its log."""
    for statements, verbosity in _asked(_LOGGED):
        if statements not in ("fatal", "panic") or verbosity != "terse":
            raise environment.Misconfigured(
                "PostgreSQL 会把出错的语句(含姓名、电话)写进日志。请由数据库超级用户执行 deploy/database_settings.sql"
                "(见 docs/operators.md)。",
                "PostgreSQL would write statements that fail into its log, with names and telephones: run"
                " deploy/database_settings.sql as its superuser (docs/operators.md).",
            )


def _asked(question: str) -> list[Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall())
    except OperationalError as error:  # PostgreSQL starts later: pages say so until then
        log.warning("The login of the database was not checked: %s", error)
        return []
    finally:
        connection.close()
