"""Made-up releases of the product, laid over the code of the trial: a column of photos takes another's place. For the trial alone.

1  what is installed: the column that is to go.
2  a new column, and an index built concurrently; photos are written with both.
3  the rows of before are filled; the old column leaves the model. Its templates use a tag that the code of before does not know.
4  the old column is dropped.
"""

import re
import sys
from pathlib import Path

CODE = Path("/opt/tucai")
MODELS, MIGRATIONS, TEMPLATES = CODE / "capture/models.py", CODE / "capture/migrations", CODE / "templates"
MARK = "\n\n# A release of the trial.\n"
DRAWN = """
def _drawn():
    return str(uuid.uuid4())


"""
OLD = """
models.CharField(max_length=40, default=_drawn, db_default="").contribute_to_class(Photo, "trial_old")
"""
NEW = """
models.CharField(max_length=40, null=True, default=_drawn).contribute_to_class(Photo, "trial_new")
"""
BOTH = """

def _write_both(sender, instance, **_signal):
    instance.trial_new = instance.trial_old


models.signals.pre_save.connect(_write_both, sender=Photo)
"""
CODE_OF = {1: OLD, 2: OLD + NEW + BOTH, 3: NEW, 4: NEW}
MIGRATION = """from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from portal.database.filling import fill


class Migration(migrations.Migration):
    dependencies = [("capture", "{before}")]
    atomic = {is_atomic}
    operations = [{operation}]
"""
NO_OLD = 'migrations.RemoveField("photo", "trial_old")'
# (release, name, is atomic, operation): what does not run in a transaction stands alone, so that it may run again.
STEPS = [
    (1, "0002_old", True, 'migrations.AddField("photo", "trial_old", models.CharField(max_length=40, default="", db_default=""))'),
    (2, "0003_new", True, 'migrations.AddField("photo", "trial_new", models.CharField(max_length=40, null=True))'),
    (2, "0004_index", False, 'AddIndexConcurrently("photo", models.Index(fields=("trial_new",), name="photo_trial_new"))'),
    (3, "0005_fill", False, 'migrations.RunPython(fill("capture.Photo", "trial_new", models.F("trial_old"), batch=3))'),
    (3, "0006_unused", True, f"migrations.SeparateDatabaseAndState(state_operations=[{NO_OLD}])"),
    (4, "0007_gone", True, 'migrations.RunSQL("ALTER TABLE capture_photo DROP COLUMN trial_old")'),
]  # fmt: skip
TAG = """from django import template

register = template.Library()
"""
USED = "{% load trial_release %}"


def lay(number: int) -> None:
    """What `git pull` would bring."""
    code = MODELS.read_text().split(MARK)[0]
    MODELS.write_text(code + MARK + DRAWN + CODE_OF[number])
    before = "0001_initial"
    for release, name, is_atomic, operation in STEPS:
        if release <= number:
            text = MIGRATION.format(before=before, is_atomic=is_atomic, operation=operation)
            (MIGRATIONS / f"{name}.py").write_text(text)
        before = name
    if number >= 3:
        (CODE / "capture/templatetags/trial_release.py").write_text(TAG)
        for path in TEMPLATES.rglob("*.html"):
            text = path.read_text()
            if USED not in text:
                path.write_text(re.sub(r"\n*\Z", f"\n{USED}\n", text, count=1))


if __name__ == "__main__":
    lay(int(sys.argv[1]))
