"""Comparing the name of a payer with the names of schools, and telling persons from institutions."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

# Departments and kinds of accounts behind the name of a school: the payer is still the school.
_DEPARTMENTS = (
    "计划财务处", "计划财务部", "计财处", "财务管理处", "财务管理部", "财务资产处", "财务资产部", "财务与资产管理处",
    "资产财务处", "财务与资产管理部", "财务处", "财务部", "财务科", "财务室", "财务中心", "财务结算中心", "财务核算中心",
    "会计核算中心", "会计结算中心", "资金结算中心", "结算中心", "学生工作处", "学生处", "学工处", "教务处", "本级", "机关",
    "校本部", "本部", "基本户", "基本账户", "零余额账户", "零余额", "一般户", "专户", "收入户", "往来户",
)  # fmt: skip
_INSTITUTION = re.compile(
    r"大学|学院|学校|高专|专科|研究[所院]|公司|中心|集团|委员会|银行|财政|国库|账户|专户|办公室|政府|基金|有限|合作社|教育局|教育厅"
    r"|^.{2,}[局处厅部厂店社站馆校大]$|^.{3,}[院所会行]$"
).search
_SCHOOL = re.compile(r"大学|学院|学校|高专|专科|研究[所院]|师大|理工|职院|科大|工大|农大|医大").search
_PUNCTUATION = re.compile(r"[\W_]+")
# Most family names of persons, enough with a length of two to four characters.
_FAMILY_NAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦"
    "付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关"
    "兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉翁蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦"
    "褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁"
    "胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦"
    "戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由"
)
_LONG_FAMILY_NAMES = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "司徒",
    "皇甫",
    "尉迟",
    "夏侯",
    "东方",
    "慕容",
    "令狐",
    "宇文",
    "长孙",
    "公孙",
)
_PERSONS_CARD = re.compile(r"62\d{14,17}").fullmatch
_CODE = re.compile(r"\d{4,}")


@lru_cache(maxsize=20_000)
def plain(name: str) -> str:
    """A name as it is compared: half-width, without brackets and other signs, without its department."""
    text = _PUNCTUATION.sub("", unicodedata.normalize("NFKC", name)).upper()
    text = _CODE.sub("", text)
    shorter = True
    while shorter:
        shorter = False
        for department in _DEPARTMENTS:
            if text.endswith(department) and len(text) - len(department) >= 2:
                text, shorter = text.removesuffix(department), True
                break
    return text


def is_person(payer: str, account: str = "") -> bool:
    """Whether the name is that of a person: two to four characters behind a family name, or with a dot.

    A card number of a person (62 and 14 to 17 digits) decides where the name leaves it open.
    """
    text = "".join(unicodedata.normalize("NFKC", payer).split())
    text = re.sub(r"\(.*?\)$", "", text)
    if not text or _INSTITUTION(text):
        return False
    if re.fullmatch(r"[\u4e00-\u9fff]+·[\u4e00-\u9fff·]+", text):
        return True
    if not re.fullmatch(r"[\u4e00-\u9fff〇*]{2,4}", text):
        return bool(_PERSONS_CARD(account)) and re.fullmatch(r"[A-Za-z ]{4,40}", payer.strip()) is not None
    named = text[0] in _FAMILY_NAMES or text.startswith(_LONG_FAMILY_NAMES)
    return named or bool(_PERSONS_CARD(account))


def is_schools(payer: str) -> bool:
    """Whether the name is that of some school or institute, known or not."""
    return bool(_SCHOOL(payer))


class Names:
    """The names of schools, by which payers are found."""

    def __init__(self, schools: Iterable[tuple[int, str, str]], aliases: Iterable[tuple[int, str]]) -> None:
        """`schools`: (id, name, short name). `aliases`: (id of the school, name as `plain` makes it)."""
        self._exact: dict[str, set[int]] = defaultdict(set)
        self._learned: dict[str, set[int]] = defaultdict(set)
        self._full: dict[int, str] = {}
        self._found: dict[str, frozenset[int]] = {}
        for pk, name, short in schools:
            self._full[pk] = plain(name)
            self._exact[plain(name)].add(pk)
            if len(plain(short)) >= 2:
                self._exact[plain(short)].add(pk)
        for pk, name in aliases:
            self._learned[name].add(pk)

    def exact(self, payer: str) -> frozenset[int]:
        """Schools of this name or short name."""
        return frozenset(self._exact.get(plain(payer), ()))

    def learned(self, payer: str) -> frozenset[int]:
        """Schools for which this name was confirmed before."""
        return frozenset(self._learned.get(plain(payer), ()))

    def shortened(self, payer: str) -> frozenset[int]:
        """Schools whose name is this one with characters left out (江苏师大 for 江苏师范大学), or with a campus added.

        The first two characters are the same, and at least half of the name is there.
        """
        name = plain(payer)
        if name not in self._found:
            self._found[name] = frozenset(
                pk for pk, full in self._full.items() if is_shortened(name, full) or is_campus(name, full)
            )
        return self._found[name]


def is_shortened(short: str, full: str) -> bool:
    """Whether `short` is `full` with some characters left out, neither of the first two."""
    if not 3 <= len(short) < len(full) or short[:2] != full[:2] or len(short) * 2 < len(full):
        return False
    rest = iter(full)
    return all(sign in rest for sign in short)


def is_campus(name: str, full: str) -> bool:
    """Whether `name` is `full` with a campus behind it."""
    return name.startswith(full) and re.fullmatch(r"[\u4e00-\u9fff]{1,6}校区", name.removeprefix(full)) is not None
