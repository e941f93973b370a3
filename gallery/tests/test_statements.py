"""Writes that are compiled once."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from gallery.models import Addend, Image, Tag
from gallery.statements import MOST_ROWS, Insert, Update


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


def test_a_new_one_gets_its_key_also_where_a_database_does_not_return_it(
    db, monkeypatch, django_assert_num_queries
):
    first, second = (Addend(kind="tag", key=key, images=1, bytes=-2) for key in "ab")
    with django_assert_num_queries(1):
        Insert(Addend).instance(first)
    assert (first._state.adding, first._state.db) == (False, "default")
    first.refresh_from_db()
    assert (first.kind, first.key, first.images, first.bytes) == ("tag", "a", 1, -2)
    if connection.vendor == "postgresql":
        return  # knows no other way
    monkeypatch.setattr(type(connection.features), "can_return_rows_from_bulk_insert", False)
    Insert(Addend).instance(second)
    assert Addend.objects.get(key="b").pk == second.pk != first.pk


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
