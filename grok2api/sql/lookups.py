"""Lookups in each database's quickest words."""

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
    """`prompt_folded__holds="text"`: an exact substring.

    No pattern is involved, so `%`, `_` and the backslash need no escape and no text is too long.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        function = "strpos" if connection.vendor == "postgresql" else "instr"
        text, text_params = self.process_lhs(compiler, connection)
        part, part_params = self.process_rhs(compiler, connection)
        return f"{function}({text}, {part}) > 0", (*text_params, *part_params)


@DateTimeField.register_lookup
class Absent(_Lookup):
    """`trashed_at__absent=True`: NULL, in a form that no index is used for.

    Nearly every row is outside the trash; a planner that goes by that index sorts them all.
    """

    lookup_name = "absent"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        return f"({column} IS NULL) = {'TRUE' if self.rhs else 'FALSE'}", tuple(params)


LATER = array("q")
"""Stands for the ids of an `among` whose SQL is made before they are known; see `filled`."""

TEXT_LATER = "…"
"""Stands for a text that is not known yet. Recognised as the object that it is."""

_PLACE = "/* ids */"


@BigAutoField.register_lookup
class Among(_Lookup):
    """`pk__among=ids`: like `in`, for any number of ids.

    Of a list Django looks at each member before it comes here; an `array` it leaves alone.
    """

    lookup_name = "among"
    prepare_rhs = False
    rhs: Sequence[int]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> SQL:
        column, params = self.process_lhs(compiler, connection)
        condition, ids = among(column, self.rhs)
        return condition, (*params, *ids)


def among(column: str, ids: Collection[int]) -> SQL:
    """The condition that a column of whole numbers is one of these, or of `LATER`."""
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
    """The query with these ids in the place of `LATER`, or this text in that of `TEXT_LATER`."""
    if not isinstance(value, str):
        value = _listed(value, connection.vendor)
        sql = sql.replace(_PLACE, value)
    return sql, tuple(value if each is LATER or each is TEXT_LATER else each for each in params)


def _listed(ids: Collection[int], vendor: str) -> str:
    if vendor == "sqlite":
        return json.dumps(list(ids))
    listed = ",".join(map(str, map(int, ids)))
    return f"{{{listed}}}" if vendor == "postgresql" else listed or "NULL"
