"""Which account a bank line belongs to, and how sure that is."""

from types import SimpleNamespace

import pytest

from billing.accounts.references import reference_of
from billing.bank import names
from billing.bank.matching import Account, Matcher, Refund, Share
from billing.bank.names import Names

LAKE, RIVER, HILL = 1, 2, 3
SCHOOLS = [(LAKE, "江苏湖畔师范大学", "湖师大"), (RIVER, "江畔学院", ""), (HILL, "江苏远山职业技术学院", "")]
CODES = {LAKE: "10001", RIVER: "10002", HILL: "10003"}
DUE = {LAKE: 150_000, RIVER: 45_000, HILL: 90_000}


def code(school, year=2022):
    return reference_of(year, CODES[school])


@pytest.fixture
def matcher():
    accounts = [Account(school, school, 2022, code(school), DUE[school]) for school in CODES]
    accounts.append(Account(11, LAKE, 2021, code(LAKE, 2021), 30_000))
    refunds = [Refund(7, RIVER, 3000, "6200111")]
    return Matcher(accounts, Names(SCHOOLS, [(HILL, names.plain("远山工业学校"))]), refunds)


def line(amount_fen=150_000, payer="江苏湖畔师范大学", remark="", currency="CNY", payer_account="320100"):
    return SimpleNamespace(
        amount_fen=amount_fen, payer=payer, remark=remark, currency=currency, payer_account=payer_account
    )


def shares(verdict):
    return [(share.key, share.amount_fen) for share in verdict.shares]


def test_reference_and_name_are_sure(matcher):
    verdict = matcher.judge(line(remark=f"采集费{code(LAKE)}"))
    assert verdict.shares == [Share(LAKE, 150_000, "reference", 99)]


def written_in_many_ways():
    plain = code(LAKE)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in plain)
    return [plain.lower(), f"TC 22 10001 {plain[-2:]}", wide, f"tc-{plain[2:]}", f"费用{plain}，谢谢", f"{plain} 100人"]


@pytest.mark.parametrize("remark", written_in_many_ways())
def test_reference_is_read_as_people_write_it(matcher, remark):
    assert matcher.judge(line(remark=remark)).shares == [Share(LAKE, 150_000, "reference", 99)]


def test_a_figure_behind_the_reference_is_a_typing_error(matcher):
    verdict = matcher.judge(line(payer="某某有限公司", remark=code(LAKE) + "7"))
    assert (verdict.is_sure, verdict.doubt, verdict.suggestions[0].how) == (False, "near", "near")


@pytest.mark.parametrize("place", range(2, 11))
def test_a_wrong_figure_is_only_suggested(matcher, place):
    wrong = code(LAKE)
    wrong = wrong[:place] + str((int(wrong[place]) + 1) % 10) + wrong[place + 1 :]
    verdict = matcher.judge(line(amount_fen=1500, payer="某某有限公司", remark=wrong))
    assert not verdict.is_sure
    assert LAKE in [share.key for share in verdict.suggestions] or 11 in [share.key for share in verdict.suggestions]


def test_a_typing_error_with_the_schools_own_name_is_sure(matcher):
    wrong = code(LAKE)[:-1] + str((int(code(LAKE)[-1]) + 1) % 10)
    assert shares(matcher.judge(line(amount_fen=15_000, remark=wrong))) == [(LAKE, 15_000)]


def test_reference_of_another_school_than_the_payer_goes_to_the_tray(matcher):
    verdict = matcher.judge(line(amount_fen=45_000, remark=code(RIVER)))
    assert verdict.doubt == "code_and_name"
    assert {share.key for share in verdict.suggestions} >= {LAKE, RIVER}


def test_a_stranger_pays_by_reference_only_the_exact_amount(matcher):
    assert shares(matcher.judge(line(45_000, "国库支付中心", code(RIVER)))) == [(RIVER, 45_000)]
    assert matcher.judge(line(30_000, "国库支付中心", code(HILL))).doubt == "stranger"


@pytest.mark.parametrize(
    "payer", ["江苏湖畔师范大学（财务处）", "江苏湖畔师范大学(基本户)", "江苏湖畔师范 大学计划财务处", "湖师大"]
)
def test_name_with_office_brackets_or_short_name(matcher, payer):
    assert matcher.judge(line(payer=payer)).shares == [Share(LAKE, 150_000, "name", 95)]


def test_learned_name(matcher):
    assert matcher.judge(line(90_000, "远山工业学校财务科")).shares == [Share(HILL, 90_000, "alias", 95)]


def test_shortened_name_needs_the_exact_amount(matcher):
    assert matcher.judge(line(90_000, "江苏远山职院")).shares == [Share(HILL, 90_000, "short", 91)]
    assert matcher.judge(line(1500, "江苏远山职院", "采集费")).doubt == "overpaid"


def test_a_college_with_the_universitys_name_in_front_is_not_the_university(matcher):
    assert not matcher.judge(line(payer="江苏湖畔师范大学紫金学院")).is_sure


def test_name_and_another_purpose_go_to_the_tray(matcher):
    assert matcher.judge(line(remark="培训费")).doubt == "purpose"


def test_name_and_a_part_need_a_word_that_it_is_the_fee(matcher):
    assert matcher.judge(line(15_000, "江畔学院", "转账")).doubt == "purpose"
    assert shares(matcher.judge(line(15_000, "江畔学院", "毕业生图像采集费"))) == [(RIVER, 15_000)]


def test_amount_alone_is_suggested(matcher):
    verdict = matcher.judge(line(45_000, "某某有限公司"))
    assert (verdict.doubt, verdict.suggestions) == ("amount", [Share(RIVER, 45_000, "amount", 50)])


def test_more_than_is_due_goes_to_the_tray(matcher):
    verdict = matcher.judge(line(46_000, "江畔学院", code(RIVER)))
    assert (verdict.is_sure, verdict.doubt) == (False, "overpaid")


def test_the_same_money_twice_is_proposed_once(matcher):
    assert matcher.judge(line(45_000, "江畔学院", code(RIVER))).is_sure
    assert matcher.judge(line(45_000, "江畔学院", code(RIVER))).doubt == "overpaid"


def test_several_references_split_the_sum_of_what_they_owe(matcher):
    remark = f"{code(RIVER)}、{code(HILL)}"
    assert sorted(shares(matcher.judge(line(135_000, "教育局", remark)))) == [(RIVER, 45_000), (HILL, 90_000)]
    assert matcher.judge(line(1500, "教育局", remark)).doubt == "split"


def test_one_payment_for_two_seasons(matcher):
    assert sorted(shares(matcher.judge(line(180_000)))) == [(LAKE, 150_000), (11, 30_000)]
    assert matcher.judge(line(180_000)).doubt == "overpaid"


@pytest.mark.parametrize("payer", ["王建国", "欧阳雪梅", "阿依古丽·买买提"])
def test_a_person_is_refused_even_with_the_reference(matcher, payer):
    verdict = matcher.judge(line(1500, payer, code(LAKE)))
    assert (verdict.reason, verdict.is_sure) == ("person", False)


@pytest.mark.parametrize("payer", ["江南工大", "财政局", "石化厂", "王府大学", "教育局"])
def test_institutions_are_no_persons(payer):
    assert not names.is_person(payer)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"amount_fen": 321, "payer": "", "remark": "结息"}, "interest"),
        ({"amount_fen": -500, "payer": "", "remark": "对公汇款手续费"}, "charge"),
        ({"payer": "财付通支付科技有限公司", "remark": "商户结算款"}, "provider"),
        ({"amount_fen": -90_000, "payer": "晨光印务有限公司", "remark": "印刷费"}, "outgoing"),
    ],
)
def test_what_is_no_fee_is_set_aside_with_its_reason(matcher, values, reason):
    assert matcher.judge(line(**values)).reason == reason


def test_a_charge_is_no_interest_when_a_school_pays(matcher):
    assert not matcher.judge(line(remark="利息")).reason


def test_money_out_is_the_approved_refund_of_this_amount(matcher):
    assert matcher.judge(line(-3000, "江畔学院", "退款")).shares == [Share(7, -3000, "refund", 97)]
    assert matcher.judge(line(-3000, "江畔学院", "退款")).reason == "outgoing"


def test_foreign_money_and_returned_transfers_wait_for_a_person(matcher):
    assert matcher.judge(line(currency="USD", remark=code(LAKE))).doubt == "foreign"
    assert matcher.judge(line(remark="退汇 " + code(LAKE))).doubt == "returned"


def test_a_whole_reference_that_nobody_has_is_told(matcher):
    assert matcher.judge(line(remark=reference_of(2022, "99999"))).doubt == "unknown_code"
