"""What older rows can say of their origin: when they came, where the prompt is from, and the facts
of their files that searches look into."""

from django.db import connection, migrations, models, transaction
from django.db.models import Case, F, Q, Value, When

from gallery.facts import derived

BATCH = 20_000
AT_ONCE = 200
"""Rows whose facts are in memory; those of one file may be half a megabyte."""

UPDATE = """
    UPDATE gallery_image SET negative_folded = %s, sampler_folded = %s, seed = %s WHERE id = %s
"""


def fill(apps, schema_editor):
    """Batch by batch, each a transaction of its own: whoever changes a row waits for one alone.

    Done again after a break, it ends with the same. Rows that come meanwhile have their values.
    """
    Image = apps.get_model("gallery", "Image")
    rows = Image.objects.order_by("pk")
    newest = rows.values_list("pk", flat=True).last() or 0
    last = 0
    while last < newest:
        ids = rows.filter(pk__gt=last).values_list("pk", flat=True)
        end = next(iter(ids[BATCH - 1 : BATCH]), newest)
        batch = rows.filter(pk__gt=last, pk__lte=min(end, newest)).order_by()
        # No import was ever told a prompt, but for those of the original grok2api.
        read = Q(source="imported", metadata__has_key="embedded")
        read &= ~Q(metadata__has_key="grok2api")
        batch.update(
            added_at=F("created_at"),
            prompt_source=Case(
                When(prompt="", then=Value("")),
                When(source="generated", then=Value("request")),
                When(read, then=Value("file")),
                default=Value(""),
                output_field=models.CharField(),
            ),
        )
        told = list(batch.filter(metadata__has_key="embedded").values_list("pk", flat=True))
        for start in range(0, len(told), AT_ONCE):
            _tell(rows.filter(pk__in=told[start : start + AT_ONCE]))
        last = min(end, newest)


def _tell(rows):
    values = []
    for pk, metadata in rows.values_list("pk", "metadata"):
        facts = derived("", "", metadata)
        row = [facts[name] for name in ("negative_folded", "sampler_folded", "seed")]
        if any(row):
            values.append((*row, pk))
    if values:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(UPDATE, values)


class Migration(migrations.Migration):

    atomic = False
    harmless = "It fills columns that the version before does not know."

    dependencies = [
        ('gallery', '0016_origin'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['added_at', 'id'], name='gallery_image_added'),
        ),
    ]
