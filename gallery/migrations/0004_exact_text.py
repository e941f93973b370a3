"""MySQL and MariaDB compare text by collations that take `é` for `e`; ours are exact everywhere."""

from django.db import migrations

TABLES = ("gallery_image", "gallery_tag", "gallery_addend")


def make_exact(apps, schema_editor):
    connection = schema_editor.connection
    if connection.vendor != "mysql":
        return
    collation = "utf8mb4_nopad_bin" if connection.mysql_is_mariadb else "utf8mb4_0900_bin"
    for table in TABLES:
        schema_editor.execute(
            f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE {collation}"
        )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("gallery", "0003_search_index")]
    operations = [migrations.RunPython(make_exact, migrations.RunPython.noop)]
