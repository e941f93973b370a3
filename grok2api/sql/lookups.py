"""Lookups in the fastest form of each database."""

import json
from array import array
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigAutoField, DateTimeField, Lookup, TextField
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    _Lookup = Lookup[Any]
else:
    _Lookup = Lookup

SQL = tuple[str, tuple[Any, ...]]


@TextField.register_lookup
class Holds(_Lookup):
    """Match an exact substring: `prompt_folded__holds="text"`.

    No pattern is involved, so `%`, `_` and the backslash need no escape, and no text is too long.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        function = "strpos" if connection.vendor == "postgresql" else "instr"
        text, text_params = self.process_lhs(compiler, connection)
        part, part_params = self.process_rhs(compiler, connection)
        return f"{function}({text}, {part}) > 0", (*text_params, *part_params)


@DateTimeField.register_lookup
class Absent(_Lookup):
    """Match NULL in a form that uses no index: `trashed_at__absent=True`.

    Nearly every row is outside the trash; a planner that uses that index sorts them all.
    """

    lookup_name = "absent"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        return f"({column} IS NULL) = {'TRUE' if self.rhs else 'FALSE'}", tuple(params)


LATER = array("q")
"""A placeholder for the ids of an `among` whose SQL is compiled beforehand; see `filled`."""

TEXT_LATER = "…"
"""A placeholder for a text that is not known yet, recognised by identity."""

_PLACE = "/* ids */"


@BigAutoField.register_lookup
class Among(_Lookup):
    """Match any number of ids, like `in`: `pk__among=ids`.

    Django checks each member of a list before it comes here; an `array` it leaves alone.
    """

    lookup_name = "among"
    prepare_rhs = False
    rhs: Sequence[int]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        condition, ids = among(column, self.rhs)
        return condition, (*params, *ids)


def among(column: str, ids: Collection[int]) -> SQL:
    """Return the condition that a whole-number column is one of these, or of `LATER`."""
    condition = {
        "sqlite": "IN (SELECT value FROM json_each(%s))",
        "postgresql": "= ANY(%s::bigint[])",
    }.get(connection.vendor)
    if condition is None:  # the ids themselves, not a parameter
        listed = _PLACE if ids is LATER else _listed(ids, connection.vendor)
        return f"{column} IN ({listed})", ()
    value = LATER if ids is LATER else _listed(ids, connection.vendor)
    return f"{column} {condition}", (value,)


def filled(sql: str, params: Iterable[Any], value: Collection[int] | str) -> SQL:
    """Return the query with these ids in place of `LATER`, or this text in place of
    `TEXT_LATER`."""
    if not isinstance(value, str):
        value = _listed(value, connection.vendor)
        sql = sql.replace(_PLACE, value)
    return sql, tuple(value if each is LATER or each is TEXT_LATER else each for each in params)


def _listed(ids: Collection[int], vendor: str) -> str:
    if vendor == "sqlite":
        return json.dumps(list(ids))
    listed = ",".join(map(str, map(int, ids)))
    return f"{{{listed}}}" if vendor == "postgresql" else listed or "NULL"
