from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('imagine', '0008_upstreams_words'),
    ]

    operations = [
        migrations.AlterField(
            model_name='generation',
            name='status',
            field=models.CharField(choices=[('queued', 'Waiting'), ('pending', 'Running'), ('succeeded', 'Succeeded'), ('partial', 'Partly succeeded'), ('failed', 'Failed'), ('interrupted', 'Interrupted'), ('cancelled', 'Cancelled')], default='pending', max_length=16, verbose_name='status'),
        ),
    ]
