"""Queries that are compiled once."""

from gallery.models import Image
from grok2api.sql.lookups import TEXT_LATER
from grok2api.sql.prepared import Prepared


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
