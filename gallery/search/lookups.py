"""Lookups in each database's quickest words."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

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
        if connection.vendor == "sqlite":
            listed = json.dumps(list(self.rhs))
            inner = "(SELECT value FROM json_each(%s))"
            return f"{column} IN {inner}", (*params, listed)
        if connection.vendor == "postgresql":
            listed = f"{{{','.join(map(str, self.rhs))}}}"  # the driver takes longer for a list
            return f"{column} = ANY(%s::bigint[])", (*params, listed)
        return f"{column} IN ({', '.join(map(str, map(int, self.rhs))) or 'NULL'})", tuple(params)
