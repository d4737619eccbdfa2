"""A made bank statement whose truth is known: what 170 schools, their payers and the bank itself may write.

It was written after the matching and shares no list of words with it. `kinds` of a line say how its remark and payer were
made; the kinds in HELD_OUT are left out while somebody works at the matching (`python -m bench.money.bank_matching --dev`).
"""

import csv
import datetime as dt
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from billing.accounts.references import reference_of

HELD_OUT = ("bureau", "wrong_code", "old_name_code", "two_seasons", "campus", "union", "code_in_words", "swapped")
PLACES = [
    "南京",
    "苏州",
    "无锡",
    "常州",
    "镇江",
    "扬州",
    "泰州",
    "南通",
    "徐州",
    "连云港",
    "淮安",
    "盐城",
    "宿迁",
    "江苏",
    "江南",
    "昆山",
    "太仓",
    "金陵",
    "东吴",
    "三江",
]
KINDS = (
    "大学", "工业大学", "师范大学", "理工大学", "医科大学", "农业大学", "财经大学", "艺术学院", "信息职业技术学院", "工程职业技术学院",
    "师范高等专科学校", "卫生职业技术学院", "城市职业学院", "旅游职业学院", "科技学院", "理工学院", "工程学院", "经贸职业技术学院",
)  # fmt: skip
SHORTER = (
    ("师范大学", "师大"), ("理工大学", "理工"), ("工业大学", "工大"), ("农业大学", "农大"), ("医科大学", "医大"), ("财经大学", "财大"),
    ("职业技术学院", "职院"), ("高等专科学校", "高专"), ("职业学院", "职院"),
)  # fmt: skip
OFFICES = (
    "财务处",
    "计划财务处",
    "财务部",
    "(财务处)",
    "（基本户）",
    "财务与资产管理处",
    " 财务处",
    "会计核算中心",
    "财务管理处",
)
FEE_WORDS = ("毕业生图像采集费", "图像采集费", "2022年毕业照相费", "学历图像采集", "图像信息采集费用", "采集费")
PLAIN_WORDS = ("", "转账", "往来款", "汇款", "付款")
OTHER_WORDS = ("培训费", "教师资格考务费", "会议费", "教材款", "场地租用费", "职业技能鉴定费", "横向课题款", "房租")
COMPANIES = (
    "江畔办公用品有限公司",
    "晨光印务有限公司",
    "石城物业管理有限公司",
    "远帆信息技术有限公司",
    "城南供电公司",
    "新街口宾馆",
)
PERSONS = ("王建国", "李秀英", "张伟", "欧阳雪梅", "陈静", "赵敏", "阿依古丽·买买提", "孙志强", "周洁", "吴桂芳")
PRICE = 1500


@dataclass(frozen=True)
class MadeSchool:
    number: int
    code: str
    name: str
    old_name: str
    is_old_name_known: bool
    due: dict[int, int]  # {year: fen}


@dataclass
class MadeLine:
    """One line with its truth: {(school, year): fen}, or why it is no fee, or "person"."""

    kind: str
    amount: int
    payer: str
    remark: str
    truth: dict[tuple[int, int], int] = field(default_factory=dict)
    reason: str = ""
    payer_account: str = ""
    is_decidable: bool = True  # whether a careful person could decide it from the statement alone


@dataclass
class MadeStatement:
    schools: list[MadeSchool]
    lines: list[MadeLine]


def make(
    seed: int, *, schools: int = 170, lines: int = 600, years: tuple[int, int] = (2021, 2022), dev: bool = False
) -> MadeStatement:
    chance = random.Random(seed)
    made = _schools(chance, schools, years)
    return MadeStatement(made, list(_Lines(chance, made, years, dev).make(lines)))


def _schools(chance: random.Random, number: int, years: tuple[int, int]) -> list[MadeSchool]:
    names = sorted({place + kind for place in PLACES for kind in KINDS})
    names = chance.sample(names, number - 8)
    names += [
        name + place + "学院"
        for name, place in zip(
            names[:8], ("紫金", "浦江", "成贤", "泰山", "天平", "应用技术", "康达", "滨江"), strict=True
        )
    ]
    codes = chance.sample(range(10100, 14999), number)
    return [
        MadeSchool(
            number=at,
            code=str(code),
            name=name,
            old_name=chance.choice(("华东", "苏北", "省立", "中山", "文华"))
            + name[2:4]
            + chance.choice(("专科学校", "学院", "专科院校"))
            + str(at),
            is_old_name_known=chance.random() < 0.5,
            due={years[1]: PRICE * chance.randint(40, 6000)}
            | ({years[0]: PRICE * chance.randint(5, 80)} if chance.random() < 0.08 else {}),
        )
        for at, (name, code) in enumerate(zip(names, codes, strict=True))
    ]


class _Lines:
    def __init__(self, chance: random.Random, schools: list[MadeSchool], years: tuple[int, int], dev: bool) -> None:
        self.chance, self.schools, self.years = chance, schools, years
        self.held_out = HELD_OUT if dev else ()

    def make(self, number: int) -> Iterator[MadeLine]:
        lines = list(self._of_schools())
        while len(lines) < number:
            lines.append(self._other())
        lines = lines[:number]
        self.chance.shuffle(lines)
        return iter(self._in_order(lines))

    def _in_order(self, lines: list[MadeLine]) -> list[MadeLine]:
        """An overpayment comes after what it is more than: the second payment of the same sum."""
        return sorted(lines, key=lambda line: line.kind == "twice_paid")

    # the schools

    def _of_schools(self) -> Iterator[MadeLine]:
        schools = self.schools.copy()
        self.chance.shuffle(schools)
        while schools:
            school = schools.pop()
            roll = self.chance.random()
            if len(school.due) == 2:
                yield from self._two_seasons(school)
            elif roll < 0.04 and len(schools) > 2:
                yield self._split([school, schools.pop(), *([schools.pop()] if roll < 0.01 else [])])
            elif roll < 0.42:
                yield from self._parts(school)
            elif roll < 0.45:
                yield self._overpaid(school)
            elif roll < 0.48:
                yield self._paid(school, school.due[self.years[1]])
                yield self._paid(school, school.due[self.years[1]], "twice_paid")
            else:
                yield self._paid(school, school.due[self.years[1]])

    def _parts(self, school: MadeSchool) -> Iterator[MadeLine]:
        """Two to four instalments, such as one a college; sometimes a rest stays due."""
        rest = school.due[self.years[1]] // PRICE
        number = self.chance.randint(2, 4)
        for part in range(number):
            last = part == number - 1 and self.chance.random() < 0.7
            count = rest if last else max(1, rest // (number - part) + self.chance.randint(-3, 3))
            count = min(count, rest)
            if count:
                yield self._part(school, count * PRICE)
            rest -= count

    def _part(self, school: MadeSchool, amount: int) -> MadeLine:
        roll = self.chance.random()
        year = self.years[1]
        truth = {(school.number, year): amount}
        if roll < 0.78:
            return MadeLine("part_code", amount, self._name(school), self._code(school, year), truth)
        if roll < 0.88:
            return MadeLine("part_typing_error", amount, self._name(school), self._mistyped(school, year), truth)
        if roll < 0.96:
            return MadeLine("part_words", amount, self._name(school), self.chance.choice(FEE_WORDS), truth)
        return MadeLine(
            "part_bare", amount, self._name(school), self.chance.choice(PLAIN_WORDS), truth, is_decidable=False
        )

    def _overpaid(self, school: MadeSchool) -> MadeLine:
        year = self.years[1]
        amount = school.due[year] + self.chance.choice((1500, 3000, 15_000, 100, 30_000))
        return MadeLine(
            "overpaid",
            amount,
            self._name(school),
            self._code(school, year),
            {(school.number, year): amount},
            is_decidable=False,
        )

    def _two_seasons(self, school: MadeSchool) -> Iterator[MadeLine]:
        before, year = self.years
        truth = {(school.number, each): amount for each, amount in school.due.items()}
        if "two_seasons" not in self.held_out and self.chance.random() < 0.6:
            codes = f"{reference_of(before, school.code)} {reference_of(year, school.code)}"
            remark = self.chance.choice((codes, "2021、2022两年采集费", codes.replace(" ", "、")))
            yield MadeLine("two_seasons", sum(school.due.values()), self._name(school), remark, truth)
        else:
            for each in self.years:
                yield MadeLine(
                    "one_of_two_seasons",
                    school.due[each],
                    self._name(school),
                    self._code(school, each),
                    {(school.number, each): school.due[each]},
                )

    def _split(self, schools: list[MadeSchool]) -> MadeLine:
        year = self.years[1]
        truth = {(school.number, year): school.due[year] for school in schools}
        remark = self.chance.choice((" ", "、", "+", "，", "和")).join(
            reference_of(year, school.code) for school in schools
        )
        payer = self.chance.choice((self._name(schools[0]), "江南教育集团", "金陵市教育局会计中心"))
        return MadeLine("split", sum(truth.values()), payer, remark, truth)

    def _paid(self, school: MadeSchool, amount: int, kind: str = "") -> MadeLine:
        year = self.years[1]
        truth = {(school.number, year): amount}
        name, code = self._name(school), self._code(school, year)
        if kind:
            return MadeLine(kind, amount, name, code, truth, is_decidable=False)
        words, plain = self.chance.choice(FEE_WORDS), self.chance.choice(PLAIN_WORDS)
        ways = [
            (40, MadeLine("code", amount, name, code, truth)),
            (10, MadeLine("typing_error", amount, name, self._mistyped(school, year), truth)),
            (4, MadeLine("swapped", amount, name, self._swapped(school, year), truth)),
            (12, MadeLine("name_and_words", amount, name, words, truth)),
            (7, MadeLine("name_alone", amount, name, plain, truth)),
            (8, MadeLine("shorter_code", amount, self._shorter(school), code, truth)),
            (4, MadeLine("shorter_words", amount, self._shorter(school), words, truth)),
            (3, MadeLine("bureau", amount, self.chance.choice(("金陵市财政局国库集中支付中心", "江南省教育厅", "国库支付专户")), code, truth)),
            (3, MadeLine("old_name_code", amount, school.old_name, code, truth)),
            (2, MadeLine("old_name_words", amount, school.old_name, words, truth, is_decidable=school.is_old_name_known)),
            (2, MadeLine("campus", amount, school.name + "江北校区", code, truth)),
            (2, MadeLine("code_in_words", amount, name, f"采集费（编号{code}）{self.chance.choice(('共', '计', '合计'))}{amount // PRICE}人", truth)),
            (2, self._wrong_code(school, amount, truth)),
            (1, MadeLine("union", amount, name, f"工会代付 {code}", truth)),
        ]  # fmt: skip
        allowed = [(weight, line) for weight, line in ways if line.kind not in self.held_out]
        return self.chance.choices([line for _weight, line in allowed], [weight for weight, _line in allowed])[0]

    def _wrong_code(self, school: MadeSchool, amount: int, truth: dict[tuple[int, int], int]) -> MadeLine:
        other = self.chance.choice([each for each in self.schools if each is not school])
        remark = reference_of(self.years[1], other.code)
        return MadeLine("wrong_code", amount, self._name(school), remark, truth, is_decidable=False)

    # how things are written

    def _name(self, school: MadeSchool) -> str:
        roll = self.chance.random()
        name = school.name if roll < 0.6 else school.name + self.chance.choice(OFFICES)
        return name if self.chance.random() < 0.93 else f"{name[:2]} {name[2:]}"

    def _shorter(self, school: MadeSchool) -> str:
        for long, short in SHORTER:
            if school.name.endswith(long):
                return school.name.removesuffix(long) + short
        return school.name

    def _code(self, school: MadeSchool, year: int) -> str:
        code = reference_of(year, school.code)
        way = self.chance.randrange(8)
        if way == 0:
            code = f"{code[:4]} {code[4:9]} {code[9:]}"
        elif way == 1:
            code = code.lower()
        elif way == 2:
            code = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
        elif way == 3:
            code = f"{code[:2]}-{code[2:]}"
        before = self.chance.choice(("", "", "采集费", "图像采集费 ", "附言："))
        return before + code + self.chance.choice(("", "", " " + school.name, "采集费"))

    def _mistyped(self, school: MadeSchool, year: int) -> str:
        """One or two wrong, missing or additional figures."""
        code = list(reference_of(year, school.code))
        for _ in range(self.chance.choice((1, 1, 1, 2))):
            at = self.chance.randrange(2, len(code))
            way = self.chance.randrange(3)
            if way == 0:
                code[at] = self.chance.choice([sign for sign in "0123456789" if sign != code[at]])
            elif way == 1:
                del code[at]
            else:
                code.insert(at, self.chance.choice("0123456789"))
        return self.chance.choice(("", "采集费")) + "".join(code)

    def _swapped(self, school: MadeSchool, year: int) -> str:
        code = reference_of(year, school.code)
        at = next(at for at in range(4, len(code)) if at + 1 < len(code) and code[at] != code[at + 1])
        return code[:at] + code[at + 1] + code[at] + code[at + 2 :]

    # the others

    def _other(self) -> MadeLine:
        school, roll = self.chance.choice(self.schools), self.chance.random()
        money = self.chance.randint(10_000, 3_000_000)
        if roll < 0.06:
            account = f"62{self.chance.randrange(10**14, 10**15)}"
            remark = self.chance.choice((self._code(school, self.years[1]), "采集费", "", "照相费"))
            return MadeLine(
                "person",
                1500 * self.chance.randint(1, 60),
                self.chance.choice(PERSONS),
                remark,
                reason="person",
                payer_account=account,
            )
        if roll < 0.12:
            return MadeLine(
                "other_of_school", money, self._name(school), self.chance.choice(OTHER_WORDS), is_decidable=False
            )
        if roll < 0.18:
            return MadeLine(
                "other_of_company",
                money,
                self.chance.choice(COMPANIES),
                self.chance.choice(OTHER_WORDS),
                is_decidable=False,
            )
        if roll < 0.22:
            return MadeLine(
                "interest",
                self.chance.randint(100, 90_000),
                "",
                self.chance.choice(("结息", "利息收入", "2022年三季度利息")),
                reason="interest",
            )
        if roll < 0.36:
            return MadeLine(
                "charge",
                -self.chance.randint(100, 20_000),
                "",
                self.chance.choice(("对公汇款手续费", "账户管理费", "电子回单箱服务费")),
                reason="charge",
            )
        if roll < 0.62:
            return MadeLine(
                "provider",
                money,
                self.chance.choice(("财付通支付科技有限公司", "支付宝（中国）网络技术有限公司客户备付金")),
                "商户结算款",
                reason="provider",
            )
        return MadeLine(
            "outgoing",
            -money,
            self.chance.choice(COMPANIES),
            self.chance.choice(("货款", "印刷费", "维修费", "水电费")),
            reason="outgoing",
        )


HEADINGS = (
    "凭证号", "本方账号", "对方账号", "交易时间", "借/贷", "借方发生额", "贷方发生额", "对方行号", "摘要", "用途", "对方单位名称", "余额", "个性化信息"
)  # fmt: skip


def icbc_csv(statement: MadeStatement, *, twice: int = 6, first_day: dt.date = dt.date(2022, 11, 1)) -> bytes:
    """The statement as ICBC's corporate export; `twice` lines come a second time at once, as after a lost page."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["中国工商银行企业网上银行 账户明细 账号：4301021109000123456 币种：人民币"])
    writer.writerow(HEADINGS)
    balance = 500_000_000
    step = max(1, len(statement.lines) // (twice or 1))
    for at, line in enumerate(statement.lines):
        balance += line.amount
        moment = dt.datetime.combine(
            first_day + dt.timedelta(days=at // 30), dt.time(8 + at % 30 // 3, at % 3 * 17, at % 60)
        )
        figures = (f"{-line.amount / 100:,.2f}", "") if line.amount < 0 else ("", f"{line.amount / 100:,.2f}")
        row = [f"{at + 1:09d}", "4301021109000123456", line.payer_account, f"{moment:%Y-%m-%d %H:%M:%S}"]
        row += [
            "借" if line.amount < 0 else "贷",
            *figures,
            "",
            "转账",
            line.remark,
            line.payer,
            f"{balance / 100:,.2f}",
            "",
        ]
        writer.writerow(row)
        if twice and at % step == step - 1:
            writer.writerow(row)
    return text.getvalue().encode("gb18030")
