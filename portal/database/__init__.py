"""The database engine of the product: PostgreSQL with a role for each scope.

`DATABASES["default"]["ENGINE"]` names this package. `scope` says which role answers the queries of a
context, `base` sends it with each query, `rights` says what each role may do with each table,
`same_school` that its foreign keys stay at the school, `ended_rows` that nothing brings an erased person back, and `owner` is the role that owns the tables.
"""
