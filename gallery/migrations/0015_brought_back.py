from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gallery', '0014_thumbnail_version'),
    ]

    operations = [
        migrations.AlterField(
            model_name='recordedchange',
            name='action',
            field=models.CharField(choices=[('favorite', 'Added to favourites'), ('not_favorite', 'Removed from favourites'), ('sensitive', 'Marked as sensitive'), ('not_sensitive', 'Sensitive mark removed'), ('edited', 'Edited'), ('tagged', 'Tags changed'), ('trashed', 'Moved to the trash'), ('restored', 'Restored from the trash'), ('taken_in', 'Imported again'), ('brought_back', 'Restored from an archive'), ('tag_renamed', 'Tag renamed'), ('tag_merged', 'Tags merged'), ('tag_deleted', 'Tag deleted'), ('undone', 'Change undone')], max_length=32, verbose_name='action'),
        ),
    ]
