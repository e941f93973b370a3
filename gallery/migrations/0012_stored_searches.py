import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gallery', '0011_key_preferences'),
    ]

    operations = [
        migrations.CreateModel(
            name='StoredSearch',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('text', models.TextField()),
                ('used_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
