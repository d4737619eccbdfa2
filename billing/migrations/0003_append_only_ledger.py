from django.db import migrations

FORWARD = """
CREATE TRIGGER ledger_is_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""
BACKWARD = "DROP TRIGGER ledger_is_append_only ON billing_ledgerentry;"


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_initial"), ("schools", "0002_append_only_history")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
