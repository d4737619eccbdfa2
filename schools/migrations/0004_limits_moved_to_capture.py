from django.db import migrations


class Migration(migrations.Migration):
    """The limits of the photo rules have sets of their own since capture 0005, which runs before this."""

    dependencies = [("schools", "0003_history_by_person_and_day")]
    operations = [migrations.RemoveField(model_name="season", name="photo_limits")]
