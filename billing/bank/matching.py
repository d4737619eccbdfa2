"""To which account a bank line belongs: by the reference in its remark, the payer's name, the exact amount.

In this order, with a confidence. What is at least SURE is proposed; the rest is suggested with the reason of the doubt.
A reference with a typing error, and an amount alone, are never sure. Nothing here knows the database.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from billing.accounts.references import PREFIX, is_valid
from billing.bank import names
from billing.bank.names import Names

SURE = 90
MOST_SUGGESTED = 5

DOUBTS: dict[str, Any] = {
    "code_and_name": _("The reference names one school, the payer another."),
    "unknown_code": _("The reference is whole, but no account has it."),
    "near": _("The reference has a typing error."),
    "stranger": _("The reference is right, but the payer is not known and the amount is not what is due."),
    "overpaid": _("More than is due."),
    "split": _("Several schools or seasons are named; the sum is not what they owe."),
    "season": _("The school owes for several seasons."),
    "purpose": _("The school is known, but nothing says that this is the fee."),
    "short_name": _("The payer's name fits only in part."),
    "several_names": _("The payer's name fits several schools."),
    "amount": _("Only the amount fits."),
    "foreign": _("Foreign money: say what the bank made of it in yuan."),
    "returned": _("A transfer that came back, or was corrected by the bank."),
    "unknown": _("Nothing tells which school has paid."),
}
# Why a line is no fee: codes of BankLine.Reason.
INTEREST, CHARGE, PROVIDER, OUTGOING, PERSON = "interest", "charge", "provider", "outgoing", "person"

_INTEREST = re.compile(r"利息|结息|息税|存款息").search
_CHARGE = re.compile(r"手续费|工本费|账户管理费|管理费|服务费|短信|年费|汇划费|对账费").search
_PROVIDER = re.compile(r"财付通|微信支付|支付宝|网银在线|银联商务|拉卡拉").search
_RETURNED = re.compile(r"退汇|退票|冲正|冲账|退回|错账").search
_FEE = re.compile(r"图[像象]|采集|摄影|照相|拍照|照片|拍摄|毕业生|学历|电子注册|[TT][CC]\d").search
_OTHER = re.compile(
    r"培训|会议|会务|教材|书款|书费|住宿|租金|租赁|房租|场地|设备|采购|赞助|捐|押金|保证金|版面|论文|考试|考务|报名|技术|课题|科研|横向|工会|党费|团费"
    r"|学费|工资|差旅|借款|还款|报销|水电|物业|奖学金|助学|合作费|咨询|检测|印刷|证书|质保金|投标|货款"
).search
_SEPARATORS = r"[\s\-_.·:/]"
_RUN = re.compile(rf"[0-9A-Z](?:{_SEPARATORS}*[0-9A-Z])*")
_BETWEEN = re.compile(rf"{_SEPARATORS}+")


class Movement(Protocol):
    """What is read of a line: money in is positive."""

    amount_fen: int
    currency: str
    payer: str
    payer_account: str
    remark: str


@dataclass(frozen=True)
class Account:
    """A school's account of a season. `key` is anything that names it; `due_fen`: at the start."""

    key: int
    school: int
    year: int
    reference: str
    due_fen: int


@dataclass(frozen=True)
class Share:
    """So much of a line for this account. `how`: a code of Allocation.How."""

    key: int
    amount_fen: int
    how: str
    confidence: int


@dataclass
class Verdict:
    """`shares`: proposed, when `is_sure`. Else `suggestions`, the best first, and the code of the `doubt`.

    `reason`: why the line is no fee, a code of BankLine.Reason.
    """

    shares: list[Share] = field(default_factory=list)
    suggestions: list[Share] = field(default_factory=list)
    doubt: str = ""
    reason: str = ""

    @property
    def is_sure(self) -> bool:
        return bool(self.shares)


@dataclass(frozen=True)
class Refund:
    """An approved refund to a school that waits for its transfer."""

    key: int
    school: int
    amount_fen: int
    account_no: str


class References:
    """The references of all accounts, found in remarks: whole ones, and near ones."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        self._whole = {account.reference: account.key for account in accounts}
        self._lengths = sorted({len(reference) for reference in self._whole}, reverse=True)
        self._near: dict[str, set[int]] = defaultdict(set)
        for reference, key in self._whole.items():
            for text in (reference, reference.removeprefix(PREFIX)):
                for variant in (text, *_shortened_by_one(text)):
                    self._near[variant].add(key)

    def find(self, remark: str) -> tuple[set[int], set[int], bool]:
        """(accounts whose reference stands there, accounts whose reference is one error away, whether there is a whole
        reference of no account)."""
        whole: set[int] = set()
        near: set[int] = set()
        is_unknown = False
        for run in _RUN.findall(unicodedata.normalize("NFKC", remark).upper()):
            words = [word for word in _BETWEEN.split(run) if word]
            found = set(self._whole_in(words))
            whole |= found
            if found:
                continue
            for text in {*words, "".join(words)}:
                if is_valid(text) and text.startswith(PREFIX):
                    is_unknown = True
                elif len(text) >= 7:
                    for variant in (text, *_shortened_by_one(text)):
                        near |= self._near.get(variant, set())
        return whole, near - whole, is_unknown

    def _whole_in(self, words: list[str]) -> Iterator[int]:
        """References that begin and end with a word."""
        for start, word in enumerate(words):
            if not word.startswith("T"):
                continue
            text = ""
            for part in words[start:]:
                text += part
                if text in self._whole:
                    yield self._whole[text]
                if len(text) > self._lengths[0]:
                    break


def _shortened_by_one(text: str) -> Iterator[str]:
    return (text[:at] + text[at + 1 :] for at in range(len(text)))


class Matcher:
    """Judges the lines of a statement one after another: what one of them pays is not due any more for the next."""

    def __init__(self, accounts: Iterable[Account], known: Names, refunds: Iterable[Refund] = ()) -> None:
        self.accounts = {account.key: account for account in accounts}
        self.names = known
        self.references = References(self.accounts.values())
        self.due = {account.key: account.due_fen for account in self.accounts.values()}
        self.of_school: dict[int, list[int]] = defaultdict(list)
        for account in self.accounts.values():
            self.of_school[account.school].append(account.key)
        self.refunds = {refund.key: refund for refund in refunds}

    def judge(self, line: Movement) -> Verdict:
        verdict = self._judge(line)
        for share in verdict.shares:
            if line.amount_fen > 0:
                self.due[share.key] -= share.amount_fen
            else:
                del self.refunds[share.key]
        verdict.suggestions = verdict.suggestions[:MOST_SUGGESTED]
        return verdict

    def _judge(self, line: Movement) -> Verdict:
        if line.amount_fen < 0:
            return self._judge_outgoing(line)
        is_of_a_school = bool(self.names.exact(line.payer) or self.names.learned(line.payer))
        if _INTEREST(line.remark) and not is_of_a_school and not names.is_person(line.payer):
            return Verdict(reason=INTEREST)
        if _PROVIDER(line.payer):
            return Verdict(reason=PROVIDER)
        evidence = _Evidence(self, line)
        if line.currency != "CNY":
            return evidence.doubtful("foreign")
        if _RETURNED(line.remark):
            return evidence.doubtful("returned")
        is_like_a_school = is_of_a_school or bool(evidence.shortened)
        if not is_like_a_school and names.is_person(line.payer, line.payer_account):
            return Verdict(reason=PERSON)
        return evidence.verdict()

    def _judge_outgoing(self, line: Movement) -> Verdict:
        if _RETURNED(line.remark) and "退款" not in line.remark:
            return Verdict(doubt="returned")
        schools = self.names.exact(line.payer) | self.names.learned(line.payer)
        for refund in self.refunds.values():
            same_account = refund.account_no and refund.account_no == line.payer_account
            if refund.amount_fen == -line.amount_fen and (refund.school in schools or same_account):
                return Verdict([Share(refund.key, line.amount_fen, "refund", 97)])
        return Verdict(reason=CHARGE if _CHARGE(line.remark) else OUTGOING)


class _Evidence:
    """What one line says: whole and near references, schools by name, its amount."""

    def __init__(self, matcher: Matcher, line: Movement) -> None:
        self.matcher, self.line = matcher, line
        self.amount = line.amount_fen
        self.whole, self.near, self.unknown_code = matcher.references.find(line.remark)
        named = matcher.names
        self.exact, self.learned = named.exact(line.payer), named.learned(line.payer)
        self.named = self.exact | self.learned
        self.shortened = frozenset() if self.named else named.shortened(line.payer)

    def _school(self, key: int) -> int:
        return self.matcher.accounts[key].school

    def _due(self, key: int) -> int:
        return max(0, self.matcher.due[key])

    def _owing(self, school: int) -> list[int]:
        """The accounts of a school on which something is due, the oldest first."""
        keys = [key for key in self.matcher.of_school[school] if self._due(key)]
        return sorted(keys, key=lambda key: self.matcher.accounts[key].year)

    def verdict(self) -> Verdict:
        if self.whole:
            return self._by_reference()
        if self.unknown_code:
            return self.doubtful("unknown_code")
        if self.named:
            return self._by_name(self.named, "alias" if not self.exact else "name", exact=95, purpose=93)
        if self.shortened:
            return self._by_name(self.shortened, "short", exact=91, purpose=0)
        return self.doubtful("near" if self.near else "amount" if self._of_amount() else "unknown")

    # by reference

    def _by_reference(self) -> Verdict:
        schools = {self._school(key) for key in self.whole}
        known = self.named or self.shortened
        if known and not known & schools:
            return self.doubtful("code_and_name")
        keys = sorted(self.whole, key=lambda key: (self.matcher.accounts[key].year, key))
        due = sum(map(self._due, keys))
        if len(keys) > 1:
            if self.amount == due and all(map(self._due, keys)):
                return Verdict([Share(key, self._due(key), "reference", 98) for key in keys])
            return self.doubtful("split")
        if self.amount > due:
            return self.doubtful("overpaid")
        if not known and self.amount != due:
            return self.doubtful("stranger")
        return Verdict([Share(keys[0], self.amount, "reference", 99 if self.named else 96)])

    # by name

    def _by_name(self, schools: frozenset[int], how: str, *, exact: int, purpose: int) -> Verdict:
        """`exact`: the confidence when the amount is what is due; `purpose`: when only the remark says it is the fee."""
        if len(schools) > 1:
            return self.doubtful("several_names")
        (school,) = schools
        if self.near and not any(self._school(key) == school for key in self.near):
            return self.doubtful("code_and_name")
        owing = self._owing(school)
        if _OTHER(self.line.remark) and not _FEE(self.line.remark):
            return self.doubtful("purpose")
        of_this_amount = [key for key in owing if self._due(key) == self.amount]
        if len(of_this_amount) == 1:
            return Verdict([Share(of_this_amount[0], self.amount, how, exact)])
        if len(owing) > 1 and self.amount == sum(map(self._due, owing)):
            return Verdict([Share(key, self._due(key), how, exact - 1) for key in owing])
        meant = [key for key in owing if key in self.near] or owing
        if len(meant) > 1:
            return self.doubtful("season")
        if not meant or self.amount > self._due(meant[0]):
            return self.doubtful("overpaid")
        if meant[0] in self.near or (purpose and _FEE(self.line.remark)):
            return Verdict([Share(meant[0], self.amount, how, max(purpose, SURE))])
        return self.doubtful("purpose" if purpose else "short_name")

    # not sure

    def _of_amount(self) -> list[int]:
        return [key for key, due in self.matcher.due.items() if due == self.amount]

    def doubtful(self, doubt: str) -> Verdict:
        """All that speaks for an account, the strongest first."""
        found: dict[int, Share] = {}
        for how, keys, confidence in (
            ("reference", sorted(self.whole), 80),
            ("name", self._of_schools(self.exact), 75),
            ("alias", self._of_schools(self.learned), 75),
            ("near", sorted(self.near), 70),
            ("short", self._of_schools(self.shortened), 60),
            ("amount", self._of_amount(), 50),
        ):
            for key in keys:
                before = found.get(key)
                if before is None:
                    amount = min(self.amount, self._due(key)) if self._due(key) else self.amount
                    found[key] = Share(key, amount, how, confidence)
                else:  # two things say the same
                    found[key] = Share(key, before.amount_fen, before.how, min(SURE - 1, before.confidence + 8))
        shares = sorted(found.values(), key=lambda share: -share.confidence)
        if len(shares) > MOST_SUGGESTED and shares[0].confidence == shares[-1].confidence:
            shares = []  # as many of one kind say nothing
        return Verdict(suggestions=shares, doubt=doubt)

    def _of_schools(self, schools: frozenset[int]) -> list[int]:
        return [key for school in sorted(schools) for key in self._owing(school) or self.matcher.of_school[school][-1:]]
