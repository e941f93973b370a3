"""Queries and writes that are compiled once, and cursors whose queries PostgreSQL plans once."""

from typing import Any

import pytest
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import Model, Value
from django.db.models.functions import Lower
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.models import Addend, Image, Tag
from grok2api.sql.lookups import TEXT_LATER
from grok2api.sql.statements import MOST_ROWS, Insert, Prepared, Update, planned_once

QUERY = "SELECT id FROM gallery_image WHERE id = %s"


of_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="another database")


@of_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_query_is_planned_once_and_a_usual_one_each_time():
    connection.close()  # with it go the plans of other tests
    for number in range(150):  # more than psycopg remembers
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 + %s", [number])
        if number % 100 == 0:
            with planned_once() as cursor:
                cursor.execute(QUERY, [number])
    remembered = connection.connection._prepared
    assert (len(remembered._names), len(remembered._counts)) == (1, 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert cursor.fetchall() == [(QUERY.replace("%s", "$1"),)]


@pytest.mark.parametrize("binary", [False, True])
def test_rows_come_as_from_any_cursor_and_are_counted_and_logged(db, add_image, binary):
    image = add_image()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            with planned_once(binary=binary) as cursor:
                cursor.execute(QUERY, [image.pk])
                assert list(cursor.fetchall()) == [(image.pk,)]
    assert [query["sql"] for query in queries.captured_queries] == [QUERY % image.pk] * 3


@of_postgresql
def test_errors_are_djangos_own(db):
    with pytest.raises(DataError), transaction.atomic(), planned_once() as cursor:
        cursor.execute("SELECT %s::date", ["no day"])


def test_rows_are_those_of_the_query_for_each_ids(add_image, django_assert_num_queries):
    images = [add_image(prompt=f"%s {number}").pk for number in range(3)]
    Image.objects.filter(pk=images[0]).update(favorite=True)
    columns = ("id", "prompt", "created_at", "favorite", "metadata", "file")

    def make(ids):
        found = Image.objects.filter(prompt__contains="%s", pk__among=ids).order_by("-pk")
        return found.values_list(*columns, named=True)

    prepared = Prepared(make, {"sqlite": " NOT INDEXED", "mysql": " FORCE INDEX (PRIMARY)"})
    for ids in ([], images, [images[1], 0, images[0]], images[2:]):
        with django_assert_num_queries(1):
            rows = prepared.rows(ids)
        assert rows == list(make(ids))
        assert [row._asdict() for row in rows] == [row._asdict() for row in make(ids)]


def test_rows_are_those_of_the_query_for_each_text(add_image, django_assert_num_queries):
    for model in ("…", "%s", "a", "a"):
        add_image(model=model)
    prepared = Prepared(
        lambda model: Image.objects.filter(model=model, prompt="").values_list("id", "model"),
        later=TEXT_LATER,
    )
    for model in ("a", "…", "%s", "b"):
        with django_assert_num_queries(1):
            rows = prepared.rows(model)
        assert rows == list(Image.objects.filter(model=model).values_list("id", "model"))


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
