"""Compiles small writes once: that takes Django longer than a database takes to run them."""

from collections.abc import Iterable, Sequence
from functools import cached_property
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

from .cursors import planned_once

MOST_ROWS = 200
"""Rows of one INSERT: databases limit a statement's parameters."""

AS_THEY_ARE: dict[type, type] = {BooleanField: bool, CharField: str, TextField: str}
"""Types that each driver accepts as they are, by kind of field."""

WHOLE_NUMBERS = (
    BigIntegerField, ForeignKey, IntegerField, PositiveBigIntegerField, PositiveIntegerField,
    PositiveSmallIntegerField,
)  # fmt: skip
"""Fields whose values are accepted, too, but need a size for PostgreSQL's driver."""


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
