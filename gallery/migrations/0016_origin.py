"""What is known of a picture's file, and where its prompt is from; and what searches look into."""

import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gallery', '0015_brought_back'),
    ]

    operations = [
        migrations.AddField(
            model_name='image',
            name='file_name',
            field=models.CharField(blank=True, db_default='', default='', max_length=255, verbose_name='original file name'),
        ),
        migrations.AddField(
            model_name='image',
            name='prompt_source',
            field=models.CharField(blank=True, choices=[('request', 'the request that made the picture'), ('given', 'given with the file'), ('file', 'read from the file'), ('person', 'edited by a person')], db_default='', default='', max_length=8, verbose_name='prompt from'),
        ),
        migrations.AddField(
            model_name='image',
            name='added_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now, verbose_name='added'),
        ),
        migrations.AddField(
            model_name='image',
            name='file_name_folded',
            field=models.TextField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='image',
            name='negative_folded',
            field=models.TextField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='image',
            name='sampler_folded',
            field=models.TextField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='image',
            name='seed',
            field=models.CharField(editable=False, max_length=40, null=True),
        ),
        migrations.AddField(
            model_name='segment',
            name='first_added',
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name='segment',
            name='last_added',
            field=models.DateField(null=True),
        ),
        migrations.AlterField(
            model_name='recordedchange',
            name='action',
            field=models.CharField(choices=[('favorite', 'Added to favourites'), ('not_favorite', 'Removed from favourites'), ('sensitive', 'Marked as sensitive'), ('not_sensitive', 'Sensitive mark removed'), ('edited', 'Edited'), ('prompt', 'Prompt edited'), ('reread', 'Read again from the files'), ('tagged', 'Tags changed'), ('trashed', 'Moved to the trash'), ('restored', 'Restored from the trash'), ('taken_in', 'Imported again'), ('brought_back', 'Restored from an archive'), ('tag_renamed', 'Tag renamed'), ('tag_merged', 'Tags merged'), ('tag_deleted', 'Tag deleted'), ('undone', 'Change undone')], max_length=32, verbose_name='action'),
        ),
    ]
