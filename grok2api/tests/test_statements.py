"""Writes that are compiled once."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model, Value
from django.db.models.functions import Lower
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.models import Addend, Image, Tag
from grok2api.sql.statements import MOST_ROWS, Insert, Update


def test_rows_are_written_as_given_and_the_last_key_is_told(db, django_assert_num_queries):
    insert = Insert(Tag, "key", "name")
    with django_assert_num_queries(1):
        last = insert.rows([("%s", "a'b"), ("狐狸", '"')])
    told = connection.features.can_return_rows_from_bulk_insert
    assert last == (Tag.objects.get(key="狐狸").pk if told else None)
    assert list(Tag.objects.order_by("pk").values_list("key", "name")) == [
        ("%s", "a'b"),
        ("狐狸", '"'),
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        insert.rows([("%s", "again")])


def test_any_number_of_rows_is_written(db, django_assert_num_queries):
    rows = [("tag", str(number), number, -number) for number in range(2 * MOST_ROWS + 1)]
    insert = Insert(Addend, "kind", "key", "images", "bytes")
    with django_assert_num_queries(3):
        insert.rows(rows)
    found = Addend.objects.order_by("pk").values_list("kind", "key", "images", "bytes")
    assert list(found) == rows
    with django_assert_num_queries(0):
        assert insert.rows([]) is None


def assert_written_as_django_writes_it(
    model: type[Model], facts: dict[str, Any], *, unique: str
) -> None:
    """One row by the compiled statement and one by `save`, alike but for the unique field."""
    written, saved = (model(**{**facts, unique: name}) for name in ("a.jpg", "b.jpg"))
    with CaptureQueriesContext(connection) as asked:
        Insert(model).instance(written)
    assert len(asked) == 1
    saved.save(force_insert=True)
    assert (written._state.adding, written._state.db) == (False, "default")
    rows = [model.objects.values().get(pk=one.pk) for one in (written, saved)]
    assert [(row.pop("id") > 0, row.pop(unique)) for row in rows] == [
        (True, "a.jpg"),
        (True, "b.jpg"),
    ]
    assert rows[0] == rows[1]
    with pytest.raises(IntegrityError), transaction.atomic():
        Insert(model).instance(model(**{**facts, unique: "a.jpg"}))


def test_a_new_one_is_written_as_django_writes_it(add_image):
    like = Image.objects.values().get(pk=add_image(prompt="狐狸 %s", metadata={"a": [None]}).pk)
    facts = {**like, "id": None, "trashed_at": timezone.now()}
    assert_written_as_django_writes_it(Image, facts, unique="file")


def test_a_new_one_gets_its_key_also_where_a_database_does_not_return_it(db, monkeypatch):
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL always returns it")
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    tag = Tag(name="A", key="a")
    Insert(Tag).instance(tag)
    assert Tag.objects.get(key="a").pk == tag.pk


def test_a_value_that_the_database_makes_is_left_to_it(db):
    addend = Addend(kind="tag", key=Lower(Value("ABC")), images=1, bytes=2)
    Insert(Addend).instance(addend)
    assert Addend.objects.values_list("key", "images").get(pk=addend.pk) == ("abc", 1)


def test_one_row_is_changed_and_values_are_what_django_makes_of_them(
    add_image, django_assert_num_queries
):
    images = [add_image(prompt=name) for name in "ab"]
    now, metadata = timezone.now(), {"a": ["狐狸", None, 0.5]}
    update = Update(Image, "favorite", "metadata", "trashed_at", "file")
    with django_assert_num_queries(1):
        update.row(images[0].pk, (True, metadata, now, "images/%s.jpg"))
    changed, other = Image.objects.order_by("pk")
    assert (changed.favorite, changed.metadata, changed.trashed_at, changed.file.name) == (
        True, metadata, now, "images/%s.jpg",
    )  # fmt: skip
    assert (other.favorite, other.metadata, other.trashed_at) == (False, {}, None)
    update.row(images[0].pk, (True, metadata, now, "images/%s.jpg"))  # the same once more
    with pytest.raises(DatabaseError, match="Image 0 is gone"):
        update.row(0, (True, metadata, now, "images/a.jpg"))
