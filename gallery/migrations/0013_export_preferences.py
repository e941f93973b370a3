import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('gallery', '0012_stored_searches'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExportPreferences',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('embedding', models.CharField(db_default='keep', default='keep', max_length=8)),
                ('name_template', models.CharField(blank=True, db_default='', default='', max_length=200)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
