"""Costs to the tick, and a basis for those that upstreams have told so far."""

from django.db import migrations, models


def name_their_basis(apps, schema_editor):
    rows = apps.get_model("imagine", "Generation").objects.filter(cost_usd__isnull=False)
    rows.filter(cost_basis="unknown").update(cost_basis="upstream")


class Migration(migrations.Migration):
    harmless = "The version before reads and writes a wider column as it did the narrower one."

    dependencies = [("imagine", "0006_prices")]

    operations = [
        migrations.AlterField(
            model_name='generation',
            name='cost_usd',
            field=models.DecimalField(decimal_places=10, max_digits=18, null=True, verbose_name='cost, US dollars'),
        ),
        migrations.RunPython(name_their_basis, migrations.RunPython.noop),
    ]
