import pytest

from billing.models import Allocation, BankLine, BankStatement
from demo import bank_statement
from portal.tenancy import system_scope
from students.models import Student
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_demos_statement_leaves_proposals_and_a_tray(season, school, center_admin):
    for _ in range(4):
        factories.student(school, season, stage=Student.Stage.APPROVED)
    with system_scope():
        bank_statement.bring(season, by=center_admin)
        bank_statement.bring(season, by=center_admin)  # the demo's job may run again
        assert BankStatement.objects.get().report["difference_fen"] == 0
        assert Allocation.objects.get().amount_fen == 3000
        assert BankLine.objects.unmatched().count() == 2
        assert {"person", "interest", "charge"} <= set(BankLine.objects.values_list("reason", flat=True))
        assert BankLine.objects.get(doubt="near").suggestions
