import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

APPEND_ONLY = """
CREATE TRIGGER limit_sets_are_append_only BEFORE UPDATE OR DELETE ON capture_limitset
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
CHANGEABLE = "DROP TRIGGER limit_sets_are_append_only ON capture_limitset;"


def move_limits(apps, schema_editor):
    """What a season had changed becomes its set number 1."""
    for season in apps.get_model("schools", "Season").objects.exclude(photo_limits={}):
        apps.get_model("capture", "LimitSet").objects.create(
            season=season, number=1, changes=season.photo_limits, reason="由原采集季设置转入"
        )


def move_back(apps, schema_editor):
    seasons = apps.get_model("schools", "Season").objects
    for row in apps.get_model("capture", "LimitSet").objects.order_by("season", "number"):
        seasons.filter(pk=row.season_id).update(photo_limits=row.changes)


class Migration(migrations.Migration):
    dependencies = [
        ("capture", "0004_indexes_of_states"),
        ("schools", "0003_history_by_person_and_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    run_before = [("schools", "0004_limits_moved_to_capture")]
    operations = [
        migrations.CreateModel(
            name="LimitSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("changes", models.JSONField(blank=True, default=dict, verbose_name="differs from the defaults")),
                (
                    "approves_green",
                    models.BooleanField(default=False, verbose_name="approve green photos automatically"),
                ),
                ("rejects_red", models.BooleanField(default=True, verbose_name="reject red photos automatically")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="made")),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "season",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="limit_sets", to="schools.season"
                    ),
                ),
            ],
            options={
                "verbose_name": "set of limits",
                "verbose_name_plural": "sets of limits",
                "ordering": ("-season__year", "-number"),
                "constraints": [
                    models.UniqueConstraint(fields=("season", "number"), name="one_limit_set_a_number"),
                ],
            },
        ),
        migrations.AddField(
            model_name="photo",
            name="limit_set",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="capture.limitset",
            ),
        ),
        migrations.RunSQL(APPEND_ONLY, CHANGEABLE),
        migrations.RunPython(move_limits, move_back),
    ]
