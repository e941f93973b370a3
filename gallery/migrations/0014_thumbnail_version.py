"""By which version of the program a picture's thumbnail was made: of all that are there, the first."""

from django.db import migrations, models

import gallery.files.pictures


class Migration(migrations.Migration):

    dependencies = [
        ('gallery', '0013_export_preferences'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            # With a default of Python's SQLite would write the whole table anew.
            database_operations=[
                migrations.AddField(
                    model_name='image',
                    name='thumbnail_version',
                    field=models.PositiveSmallIntegerField(db_default=1, editable=False),
                ),
            ],
            state_operations=[
                migrations.AddField(
                    model_name='image',
                    name='thumbnail_version',
                    field=models.PositiveSmallIntegerField(db_default=1, default=gallery.files.pictures.current_version, editable=False),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name='image',
            index=models.Index(fields=['thumbnail_version'], name='gallery_image_thumbnail'),
        ),
    ]
