"""The same picture twice: imprints of photos in a table that is searched, and the likenesses that were found. The hash of
the whole picture, which nothing searched, goes; photos judged so far have no imprint and count as compared."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import capture.models

COMPARED = "UPDATE capture_photo SET compared_at = checked_at WHERE checked_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("capture", "0006_portrait_background"),
        ("schools", "0004_limits_moved_to_capture"),
        ("students", "0003_import_no"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Imprint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bits", capture.models.BitField(default=capture.models.blank_imprint, length=512)),
                (
                    "words",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Likeness",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bits", models.PositiveSmallIntegerField(verbose_name="bits that differ")),
                ("is_mirrored", models.BooleanField(default=False, verbose_name="mirrored")),
                ("is_own", models.BooleanField(default=False, verbose_name="the student's own")),
                ("found_at", models.DateTimeField(auto_now_add=True, verbose_name="found")),
                ("cleared_at", models.DateTimeField(blank=True, null=True, verbose_name="cleared")),
                ("cleared_by_name", models.CharField(blank=True, max_length=120)),
            ],
            options={
                "verbose_name": "likeness",
                "verbose_name_plural": "likenesses",
                "ordering": ("bits", "id"),
            },
        ),
        migrations.RemoveIndex(
            model_name="photo",
            name="photo_phash",
        ),
        migrations.RemoveField(
            model_name="photo",
            name="phash",
        ),
        migrations.AddField(
            model_name="photo",
            name="compared_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunSQL(COMPARED, migrations.RunSQL.noop, elidable=True),
        migrations.AddIndex(
            model_name="photo",
            index=models.Index(
                condition=models.Q(("checked_at__isnull", False), ("compared_at", None)),
                fields=["checked_at"],
                name="photo_uncompared",
            ),
        ),
        migrations.AddField(
            model_name="imprint",
            name="photo",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="imprint", to="capture.photo"
            ),
        ),
        migrations.AddField(
            model_name="imprint",
            name="school",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="schools.school"),
        ),
        migrations.AddField(
            model_name="likeness",
            name="other",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="capture.photo"),
        ),
        migrations.AddField(
            model_name="likeness",
            name="photo",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="likenesses", to="capture.photo"
            ),
        ),
        migrations.AddField(
            model_name="likeness",
            name="school",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="schools.school"),
        ),
        migrations.AddIndex(
            model_name="imprint",
            index=django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=["words"], name="imprint_words"),
        ),
        migrations.AddConstraint(
            model_name="likeness",
            constraint=models.UniqueConstraint(fields=("photo", "other"), name="one_likeness_a_pair"),
        ),
    ]
