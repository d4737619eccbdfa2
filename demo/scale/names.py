"""Invented schools, colleges, majors, classes and people of the scale demo. Document numbers are valid by GB 11643."""

import datetime as dt
from dataclasses import dataclass

from demo.graduates import FAMILY
from schools.models import School
from students.identity import id_numbers

# (code, name, first day, days, schools of 170); days from today. The areas of the notice and the other cities of the province.
AREAS = (
    ("taizhou", "泰州地区", -95, 12, 7),
    ("zhenjiang", "镇江地区", -82, 11, 9),
    ("yangzhou", "扬州地区", -70, 10, 8),
    ("xuzhou", "徐州地区", -59, 9, 13),
    ("lianyungang", "连云港地区", -49, 6, 6),
    ("huaian", "淮安地区", -42, 7, 9),
    ("yancheng", "盐城地区", -34, 8, 8),
    ("nantong", "南通地区", -25, 9, 10),
    ("nanjing1", "南京片区（一）", -15, 12, 24),
    ("nanjing2", "南京片区（二）", -9, 25, 30),
    ("wuxi", "无锡地区", -4, 14, 13),
    ("changzhou", "常州地区", 6, 12, 11),
    ("suqian", "宿迁地区", 9, 8, 5),
    ("suzhou", "苏州地区", 12, 29, 17),
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PLACES = _words(
    "栖霞 玄武湖 紫峰 青溪 江心 云台 洪泽 梅岭 东山 石臼 澄湖 滆湖 沭河 长荡 虎丘 枫桥 横塘 北岸 运河 瘦西湖"
)
FIELDS = _words("理工 师范 工业 农林 医药 财经 交通 信息 建筑 艺术 海洋 外语 航空 化工 邮电 纺织 水利 政法 体育 中医药")
KINDS = ((School.Kind.UNIVERSITY, "大学"), (School.Kind.UNIVERSITY, "学院"), (School.Kind.COLLEGE, "职业技术学院"))
COLLEGES = _words(
    "信息工程学院 经济管理学院 机械工程学院 土木工程学院 外国语学院 文学院 理学院 化学与材料学院 生命科学学院 医学院 药学院 艺术设计学院"
    " 法学院 教育学院 电气工程学院 自动化学院 交通运输学院 环境学院 食品学院 护理学院 音乐学院 体育学院 马克思主义学院 公共管理学院"
    " 旅游学院 能源与动力学院 海洋学院 测绘学院 新闻与传播学院 建筑学院 纺织服装学院 农学院 园艺学院 动物科技学院 光电学院 数学学院"
    " 物理学院 航空学院 会计学院 国际教育学院"
)
MAJORS = _words(
    "软件工程 计算机科学与技术 数据科学 物联网工程 会计学 金融学 国际贸易 市场营销 机械设计 车辆工程 工业设计 土木工程 工程管理 给排水 英语"
    " 日语 翻译 汉语言文学 秘书学 应用化学 高分子材料 生物技术 生物工程 临床医学 护理学 药学 药物制剂 视觉传达 环境设计 法学 知识产权"
    " 学前教育 小学教育 电气工程 自动化 测控技术 交通运输 物流管理 环境工程 食品科学 音乐学 体育教育 社会工作 行政管理 旅游管理 酒店管理"
    " 能源动力 海洋科学 测绘工程 新闻学 广告学 建筑学 城乡规划 服装设计 农学 园艺 动物医学 光电信息 数学与应用数学 物理学"
)
GIVEN = _words(
    "子涵 雨桐 浩然 欣怡 宇轩 梓萱 思远 佳琪 俊杰 诗涵 文博 静怡 若曦 嘉豪 语嫣 明哲 可馨 志远 瑞 敏 洋 婷 伟 芳 磊 晓东 海燕 雪梅 建华"
    " 一凡 梦洁 天宇 晨曦 博文 思琪 雅婷 子墨 家乐 慧敏 鹏飞 丽娜 春晓 秋实 国栋 凯 琳 倩 涛 鑫 悦"
)
REGIONS = tuple(f"32{city:02d}{part:02d}" for city in range(1, 14) for part in (2, 4, 5, 6, 11, 12, 13)) + (
    "340104", "370202", "410105", "330106", "360102", "420106", "430102", "510107", "500103",
)  # fmt: skip
PER_CLASS, CLASSES_A_MAJOR, MAJORS_A_COLLEGE = 40, 4, 5
BIRTHDAYS = 1000


@dataclass(frozen=True)
class Placed:
    """Where the n-th student of a school studies."""

    college: str
    major: str
    class_name: str
    student_no: str


def school_name(number: int) -> tuple[School.Kind, str]:
    """(kind, name), another one for each number below 1,200."""
    place, rest = PLACES[number % 20], number // 20
    kind, end = KINDS[(number + rest) % 3]
    return kind, f"{place}{FIELDS[(number * 7 + rest) % 20]}{end}"


def placed(n: int, graduating_class: int) -> Placed:
    group = n // PER_CLASS
    major, college = group // CLASSES_A_MAJOR, group // (CLASSES_A_MAJOR * MAJORS_A_COLLEGE)
    year = graduating_class - 4
    name = MAJORS[major % len(MAJORS)]
    track = major // len(MAJORS)  # a large school teaches the same in several colleges
    label = f"{name}（{'一二三四五六七八九'[track - 1]}）" if track else name
    short = label.replace("（", "").replace("）", "")[:6]
    return Placed(
        COLLEGES[college % len(COLLEGES)],
        label,
        f"{short}{year % 100}{group % CLASSES_A_MAJOR + 1:02d}班",
        f"{year}{college % 100:02d}{n:05d}",
    )


def person_name(n: int) -> str:
    """Names repeat, as they do."""
    n = n * 7_919 % 1_000_003
    return FAMILY[n % len(FAMILY)] + GIVEN[n // len(FAMILY) % len(GIVEN)]


def id_number(n: int, graduating_class: int) -> str:
    """The document number of the n-th student of all seasons: no two are the same below 100 million."""
    n = n * 7_368_787 % (len(REGIONS) * BIRTHDAYS * 1000)
    region, n = REGIONS[n % len(REGIONS)], n // len(REGIONS)
    born = dt.date(graduating_class - 24, 3, 1) + dt.timedelta(days=n % BIRTHDAYS)
    body = f"{region}{born:%Y%m%d}{n // BIRTHDAYS:03d}"
    return body + id_numbers.check_character(body)


def sizes(students: int, schools: int) -> list[int]:
    """How many students each school has: the first has 30,000 of 700,000, the last some dozens."""
    largest = round(students * 30_000 / 700_000) if schools > 100 else students // 4
    weights = [1 / (place + 6) ** 0.8 for place in range(1, schools)]
    rest = students - largest
    found = [largest, *(max(1, int(rest * weight / sum(weights))) for weight in weights)]
    found[1] += students - sum(found)
    return found
