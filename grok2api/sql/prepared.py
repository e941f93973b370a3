"""Compiles queries of every page once: that takes Django longer than a database takes to answer."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models.utils import create_namedtuple_class

from .cursors import planned_once
from .lookups import LATER, filled


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    params: tuple[Any, ...]
    row: Callable[[Iterable[Any]], Any]
    converted: Callable[[Any], Iterable[Any]]


class Prepared:
    """A query that is run for other ids, or for another text, each time.

    Args:
        make: receives their placeholder (ids: for the lookup `among`), and returns a queryset
            of `values_list` that is otherwise always the same.
        hint: what follows the table's name, by the database's vendor.
        later: `LATER` for ids, `TEXT_LATER` for a text.
    """

    def __init__(
        self,
        make: Callable[[Any], Any],
        hint: Mapping[str, str] | None = None,
        later: Sequence[int] | str = LATER,
    ) -> None:
        self.make = make
        self.hint = hint or {}
        self.later = later
        self._compiled: _Compiled | None = None

    def rows(self, wanted: Collection[int] | str) -> list[Any]:
        """Return a named tuple for each row. One query."""
        known = self._compiled = self._compiled or self._compile()
        with planned_once() as cursor:
            cursor.execute(*filled(known.sql, known.params, wanted))
            return list(map(known.row, known.converted(cursor.fetchall())))

    def _compile(self) -> _Compiled:
        query = self.make(self.later).query
        compiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        table = f" FROM {connection.ops.quote_name(query.get_meta().db_table)}"
        sql = sql.replace(table, table + self.hint.get(connection.vendor, ""), 1)
        converters = compiler.get_converters(column for column, _, _ in compiler.select)
        return _Compiled(
            sql,
            params,
            row=create_namedtuple_class(*query.values_select)._make,
            converted=lambda rows: (
                compiler.apply_converters(rows, converters) if converters else rows
            ),
        )
