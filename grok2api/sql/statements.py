"""Compiles queries of every page and small writes of every change once.

That takes Django longer than a database takes to run them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.models import (
    BigIntegerField,
    BooleanField,
    CharField,
    ForeignKey,
    IntegerField,
    Model,
    PositiveBigIntegerField,
    PositiveIntegerField,
    PositiveSmallIntegerField,
    TextField,
)
from django.db.models.utils import create_namedtuple_class

from .lookups import LATER, filled

MOST_ROWS = 200
"""Rows of one INSERT: databases limit a statement's parameters."""

AS_THEY_ARE: dict[type, type] = {BooleanField: bool, CharField: str, TextField: str}
"""Types that each driver accepts as they are, by kind of field."""

WHOLE_NUMBERS = (
    BigIntegerField, ForeignKey, IntegerField, PositiveBigIntegerField, PositiveIntegerField,
    PositiveSmallIntegerField,
)  # fmt: skip
"""Fields whose values are accepted, too, but need a size for PostgreSQL's driver."""


@contextmanager
def planned_once(*, binary: bool = False) -> Iterator[Any]:
    """Return a cursor whose queries PostgreSQL keeps parsed and, in the end, planned.

    Django's cursor writes the parameters into the SQL, so that every query is a new one. This is
    only for lookups by key, whatever the keys are: a kept plan ignores them.

    Args:
        binary: receive bytes in binary, not as text, which takes twice the time. Only for whole
            numbers and bytes: dates and JSON would not arrive as Django's fields expect them.
    """
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            yield cursor
        return
    database: Any = connection
    database.close_if_health_check_failed()
    database.ensure_connection()
    with database._prepare_cursor(_keeping()(database.connection, binary)) as cursor:
        yield cursor


@cache
def _keeping() -> Any:
    """Build the class once there is a PostgreSQL connection."""
    import psycopg

    class Keeping(psycopg.Cursor[Any]):
        def __init__(self, connection: "psycopg.Connection[Any]", binary: bool) -> None:
            super().__init__(connection)
            self.format = psycopg.pq.Format.BINARY if binary else psycopg.pq.Format.TEXT

        def execute(self, *args: Any, **kwargs: Any) -> Any:
            # Set for this query only: psycopg would count and keep Django's queries as well.
            self.connection.prepare_threshold = 0
            try:
                return super().execute(*args, **kwargs)
            finally:
                self.connection.prepare_threshold = None

    return Keeping


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


class _Statement:
    """Writes these columns of a model, without its managers and signals.

    Args:
        columns: names of fields; of a foreign key the one that ends in `_id`.
    """

    def __init__(self, model: type[Model], *columns: str) -> None:
        self.model = model
        self.columns = columns or [
            field.attname
            for field in model._meta.concrete_fields
            if not (field.primary_key or field.generated)
        ]

    @cached_property
    def fields(self) -> Sequence[Any]:
        by_name = {field.attname: field for field in self.model._meta.concrete_fields}
        return [by_name[name] for name in self.columns]

    @cached_property
    def plain(self) -> Sequence[type | None]:
        numbers = () if connection.vendor == "postgresql" else WHOLE_NUMBERS
        known = AS_THEY_ARE | dict.fromkeys(numbers, int)
        return [known.get(type(field)) for field in self.fields]

    @cached_property
    def table(self) -> str:
        return connection.ops.quote_name(self.model._meta.db_table)

    @cached_property
    def key(self) -> str:
        return connection.ops.quote_name(str(self.model._meta.pk.column))

    @cached_property
    def names(self) -> list[str]:
        return [connection.ops.quote_name(field.column) for field in self.fields]

    def prepared(self, values: Sequence[Any]) -> list[Any]:
        database: Any = connections[DEFAULT_DB_ALIAS]  # `connection` looks for it at every access
        return [
            value
            if value is None or type(value) is plain
            else field.get_db_prep_save(value, database)
            for field, plain, value in zip(self.fields, self.plain, values, strict=True)
        ]


class Insert(_Statement):
    """Insert rows: `Insert(Tag, "name", "key").rows([("A", "a")])`.

    Without `columns` all are written but the key, which the database assigns.
    """

    def rows(self, rows: Iterable[Sequence[Any]]) -> int | None:
        """Write these; return the last one's key, or None if the database does not tell it."""
        rest = iter(rows)
        key: int | None = None
        while part := list(islice(rest, MOST_ROWS)):
            with planned_once() as cursor:
                self._write(cursor, part)
                if self._returning:
                    key = cursor.fetchall()[-1][0]
        return key

    def instance(self, instance: Model) -> None:
        """Write a new instance's row, like `save(force_insert=True)`, but without signals."""
        values = [field.pre_save(instance, True) for field in self.fields]
        if any(hasattr(value, "resolve_expression") for value in values):
            instance.save(force_insert=True)  # a default that the database alone knows
            return
        with planned_once() as cursor:
            self._write(cursor, [values])
            instance.pk = cursor.fetchone()[0] if self._returning else cursor.lastrowid
        instance._state.adding, instance._state.db = False, connection.alias

    def _write(self, cursor: Any, rows: Sequence[Sequence[Any]]) -> None:
        cursor.execute(
            self._begin + ", ".join([self._row] * len(rows)) + self._returning,
            [value for row in rows for value in self.prepared(row)],
        )

    @cached_property
    def _begin(self) -> str:
        return " ".join(["INSERT INTO", self.table, f"({', '.join(self.names)})", "VALUES "])

    @cached_property
    def _row(self) -> str:
        return f"({', '.join(['%s'] * len(self.columns))})"

    @cached_property
    def _returning(self) -> str:
        if not connection.features.can_return_rows_from_bulk_insert:
            return ""
        return f" RETURNING {self.key}"


class Update(_Statement):
    """Update a row by its key: `Update(Tag, "name").row(7, ("A",))`."""

    def change(self, key: Any, values: Sequence[Any]) -> bool:
        """Write these values into the row with this key; return whether there is one."""
        with planned_once() as cursor:
            cursor.execute(self._sql, [*self.prepared(values), key])
            return bool(cursor.rowcount)

    def row(self, key: Any, values: Sequence[Any]) -> None:
        """Do the same as `change`, and raise an error if there is no such row.

        Raises:
            DatabaseError: with the message of `Model.save(update_fields=…)`.
        """
        if not self.change(key, values):
            raise DatabaseError(f"{self.model.__name__} {key} is gone.")

    @cached_property
    def _sql(self) -> str:
        changes = ", ".join(f"{name} = %s" for name in self.names)
        return " ".join(["UPDATE", self.table, "SET", changes, "WHERE", self.key, "= %s"])
