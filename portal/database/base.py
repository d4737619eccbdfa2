"""Django's PostgreSQL engine, with the role of the open scope in front of every statement.

The role, the school and the path of schemas are set LOCAL, in the same message as the statement: PostgreSQL
runs the statements of one message in one transaction. So there is no state on the connection that could
outlive a request, no additional round trip, and a pooler that changes the server connection after
each transaction does no harm. What a rollback to a savepoint takes back is set again by the next
statement.
"""

from typing import TYPE_CHECKING, Any, Self

import psycopg
from django.db.backends.postgresql import base, operations
from django.db.backends.postgresql.psycopg_any import register_tzloader, sql
from psycopg.pq import TransactionStatus

from portal.database.patience import patience
from portal.database.scope import current


def _setting(connection: Any) -> str:
    """The statement that has to be sent before the next one; "" for none.

    Outside of any scope it is sent too: a login may have been given settings of its own (ALTER ROLE).
    """
    if connection.pgconn.transaction_status == TransactionStatus.INERROR:  # only ROLLBACK is understood now
        return ""
    return current().statement


if TYPE_CHECKING:  # Django's stubs do not say what its cursors are
    _ClientCursor = psycopg.ClientCursor[Any]
    _ServerCursor = psycopg.ServerCursor[Any]
else:
    _ClientCursor, _ServerCursor = base.Cursor, base.ServerSideCursor


class Cursor(_ClientCursor):
    """A cursor whose statements run in the open scope."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        setting = _setting(self.connection)
        if not setting:
            return super().execute(query, params, **options)
        super().execute(_joined(setting, query), params, **options)
        self.nextset()  # from the answer of the setting to that of the statement
        return self

    def executemany(self, query: Any, params_seq: Any, *, returning: bool = False) -> None:
        if returning:
            raise NotImplementedError
        count = 0
        for params in params_seq:
            self.execute(query, params)
            count += max(self.rowcount, 0)
        self._rowcount = count

    def copy(self, statement: Any, *args: Any, **options: Any) -> Any:
        """COPY stands alone in its message: the scope is set before it, which needs a transaction.

        Outside of one it runs outside of any scope.
        """
        if self.connection.pgconn.transaction_status == TransactionStatus.INTRANS:
            super().execute(current().statement)
        return super().copy(statement, *args, **options)

    def stream(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError("Use a server-side cursor: .iterator()")


class ServerSideCursor(_ServerCursor):
    """A named cursor, declared in the open scope. Outside of a transaction its rows are kept (WITH HOLD)."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        if self.connection.autocommit and self.connection.pgconn.transaction_status == TransactionStatus.IDLE:
            with self.connection.transaction():
                return self._declare(query, params, **options)
        return self._declare(query, params, **options)

    def _declare(self, query: Any, params: Any, **options: Any) -> Self:
        with psycopg.ClientCursor(self.connection) as setting:
            setting.execute(current().statement)
        return super().execute(query, params, **options)


def _joined(setting: str, query: Any) -> Any:
    if isinstance(query, bytes):
        return setting.encode() + b";" + query
    if isinstance(query, str):
        return f"{setting};{query}"
    return sql.SQL(f"{setting};") + query


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        """For the log of queries: the statement alone, without the scope in front of it."""
        sent = super().last_executed_query(cursor, sql, params) or ""
        return sent.removeprefix(f"{current().statement};")


class DatabaseWrapper(base.DatabaseWrapper):
    """`settings_dict["SCOPED"]` is False for the owner, who works outside of the scopes."""

    ops_class = DatabaseOperations

    @property
    def is_scoped(self) -> bool:
        scoped: bool = self.settings_dict.get("SCOPED", True)
        return scoped

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return params | {"cursor_factory": Cursor} if self.is_scoped else params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        return patience.connect(lambda: super(DatabaseWrapper, self).get_new_connection(conn_params), conn_params)

    def create_cursor(self, name: str | None = None) -> Any:
        if name is None or not self.is_scoped:
            return super().create_cursor(name)
        cursor = ServerSideCursor(self.connection, name=name, scrollable=False, withhold=self.connection.autocommit)
        register_tzloader(self.timezone, cursor)
        return cursor
