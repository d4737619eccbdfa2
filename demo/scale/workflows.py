"""Rows of which there are few, made by the product's own rules once all others are there."""

import itertools

from billing.accounts import school_refunds
from billing.accounts.fee_accounts import statement
from billing.bank import booking
from billing.models import BankHeadings
from demo import bank_statement
from demo.scale.seasons import Province
from portal.models import Membership, User
from portal.tenancy import school_scope
from schools.models import Action, Enrolment, School, Season
from students.models import Student
from students.moving import school_changes
from year_end import bulletin, ranking
from year_end.models import Ranking

OTHER_LINES = 12  # of the statement, a school
MOVES, REFUNDS = 30, 20


def run(province: Province) -> None:
    this, before = province.seasons
    _refund(before, by=province.officer)
    _bank(this, by=province.officer)
    _move(this)
    _year_end(before, by=province.officer)


def _refund(season: Season, *, by: User) -> None:
    """Schools that have paid too much ask for it, and the center approves most."""
    enrolments = Enrolment.objects.filter(season=season, payment_mode=Enrolment.PaymentMode.SCHOOL)
    asked = 0
    for enrolment in enrolments.select_related("school", "season").order_by("pk"):
        with school_scope(enrolment.school):
            overpaid = statement(enrolment).overpaid_fen
            if not overpaid or asked == REFUNDS:
                continue
            asked += 1
            refund = school_refunds.ask(
                enrolment, amount_fen=overpaid, reason="多付了两名未拍摄学生的费用。", bank_name="中国建设银行演示支行",
                bank_account_no=f"32001{enrolment.pk:014d}", by=_admin(enrolment.school),
            )  # fmt: skip
            if asked % 4:
                school_refunds.approve(refund, by=by)


def _admin(school: School) -> User:
    return Membership.objects.filter(school=school, is_contact=True).select_related("user")[0].user


def _bank(season: Season, *, by: User) -> None:
    schools = list(School.objects.order_by("code"))
    bank_statement.bring(season, by=by, schools=len(schools), others=OTHER_LINES * len(schools))
    for school in schools[::7]:
        with school_scope(school):
            booking.learn_name(school, f"{school.name}教育基金会", by=by)
    BankHeadings.objects.create(
        headings="记账日\n发生额\n对方\n附言", fields={"记账日": "date", "发生额": "amount", "对方": "payer", "附言": "remark"},
        changed_by_name=by.actor_name,
    )  # fmt: skip


def _move(season: Season) -> None:
    """The school of each second place asks for a student who has not come at the school before it."""
    phases = Enrolment.phases_allowing(Action.IMPORT)
    enrolments = Enrolment.objects.filter(season=season, status__in=phases).select_related("school").order_by("pk")
    for n, (giving, asking) in enumerate(itertools.islice(itertools.pairwise(enrolments), MOVES)):
        student = Student.objects.filter(season=season, school=giving.school, stage=Student.Stage.WAITING).first()
        if student is None:
            continue
        with school_scope(asking.school):
            row = school_changes.ask(
                school=asking.school, season=season, by=_admin(asking.school), id_number=student.id_number,
                reason="今年转入我校。", student_no=f"Z{n:06d}", name=student.name, level=student.level,
                college=student.college, major=student.major, class_name=student.class_name,
            )  # fmt: skip
        if n % 3 == 0:
            with school_scope(giving.school):
                school_changes.refuse(row, by=_admin(giving.school), answer="该生仍在我校就读。")


def _year_end(season: Season, *, by: User) -> None:
    awards = ranking.rank(season, by=by)
    text = bulletin.draft_text(Ranking.objects.get(season=season), list(awards))
    bulletin.save_bulletin(season, title=bulletin.draft_title(season), text=text, by=by)
