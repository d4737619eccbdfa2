"""The colour behind each portrait becomes a column, so that portraits of another colour than the season's are found by an index."""

from django.db import migrations, models

COPY = """
UPDATE capture_photo SET background = geometry ->> 'background'
WHERE portrait <> '' AND geometry ->> 'background' IN ('blue', 'white', 'grey')
"""


class Migration(migrations.Migration):
    dependencies = [("capture", "0005_limit_sets")]

    operations = [
        migrations.AddField(
            model_name="photo",
            name="background",
            field=models.CharField(
                blank=True,
                choices=[("blue", "Light blue"), ("white", "White"), ("grey", "Light grey")],
                default="",
                max_length=8,
                verbose_name="background",
            ),
            preserve_default=False,
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop, elidable=True),
        migrations.AddIndex(
            model_name="photo",
            index=models.Index(
                condition=models.Q(("is_current", True), ("status__in", ("ready", "submitted", "approved"))),
                fields=["season", "background", "school"],
                name="photo_background",
            ),
        ),
    ]
