"""PostgreSQL keeps values of more than 2 KB apart, in pieces; a search reads hundreds of these."""

from django.db import migrations


def keep_together(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE gallery_posting SET (toast_tuple_target = 8160)")


def keep_apart(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE gallery_posting RESET (toast_tuple_target)")


class Migration(migrations.Migration):
    harmless = "No program sees where the database keeps a value."
    dependencies = [("gallery", "0007_audit_entry")]
    operations = [migrations.RunPython(keep_together, keep_apart)]
