import pytest

from billing.bank import statements
from portal.background import jobs
from portal.models import Role
from portal.tenancy import center_scope
from schools.models import School, Season
from students.models import Student
from tests import factories


@pytest.fixture(autouse=True)
def _at_the_center(request):
    """What the tests ask themselves, they ask as the center."""
    with center_scope():
        yield


@pytest.fixture
def accountant(db):
    return factories.person("accountant", Role.CENTER_FINANCE)


@pytest.fixture
def lake(season):
    """湖畔大学 owes 45 yuan for three students."""
    return owing(season, "10001", "湖畔大学", 3)


@pytest.fixture
def river(season):
    """江畔学院 owes 30 yuan for two students."""
    return owing(season, "10002", "江畔学院", 2)


def owing(season: Season, code: str, name: str, students: int) -> School:
    school = factories.school(season=season, code=code, name=name)
    for _ in range(students):
        factories.student(school, season, stage=Student.Stage.APPROVED)
    return school


def read_in(*, content, filename, by):
    """A statement that was uploaded, after its job."""
    statement = statements.upload(content=content, filename=filename, by=by)
    jobs.run(statement.job_id)
    statement.refresh_from_db()
    return statement
