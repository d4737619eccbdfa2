import pytest
from django.urls import reverse

from portal.tenancy import system_scope
from printing.models import PrintRun, Shipment
from proofing.models import Feedback, Proof
from tests import factories
from tests.conftest import client_of
from year_end.models import Award, Bulletin, Ranking, ScoringRules, YearEndDocument

pytestmark = pytest.mark.django_db
MODELS = (Proof, Feedback, PrintRun, Shipment, Award, Bulletin, Ranking, ScoringRules, YearEndDocument)


@pytest.fixture
def operator(db):
    return client_of(factories.operator("root"))


@pytest.mark.parametrize("model", MODELS)
def test_operator_looks_at_lists_and_rows_but_changes_nothing(operator, printed, model):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert operator.get(reverse(f"{name}_changelist")).status_code == 200
    assert operator.get(reverse(f"{name}_add")).status_code == 403
    with system_scope():
        row = model._base_manager.first()
    if row is not None:
        page = operator.get(reverse(f"{name}_change", args=[row.pk]))
        assert page.status_code == 200
        assert b'name="_save"' not in page.content
