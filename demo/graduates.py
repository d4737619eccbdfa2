"""The demo's graduates: invented people, forty a school.

Their document numbers are valid by GB 11643.
"""

import datetime as dt
import random
from itertools import count

from portal.tenancy import school_scope
from schools.models import School, Season
from students.identity import id_numbers
from students.models import Student

PER_SCHOOL = 40
FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘"
GIVEN = "子涵 雨桐 浩然 欣怡 宇轩 梓萱 思远 佳琪 俊杰 诗涵 文博 静怡 若曦 嘉豪 语嫣 明哲 可馨 志远 瑞 敏 洋 婷"
# Names that are hard to print and to show: a long one, rare characters.
HARD_NAMES = ("阿卜杜热西提·麦麦提明", "李𬭚", "王䶮", "赵㛃", "欧阳娜娜")
COURSES = (
    ("信息工程学院", "软件工程", "软件"),
    ("信息工程学院", "计算机科学与技术", "计科"),
    ("经济管理学院", "会计学", "会计"),
    ("医药与生物工程学院", "药物制剂与制药装备技术（中外合作办学现代学徒制试点班）", "药剂"),
)
# Begins phone numbers of 11 digits that nobody has: mobile numbers begin with 1, others are
# shorter.
UNASSIGNED_PREFIX = "200"
REGIONS = ("320102", "320106", "320500", "321100", "321200", "340100", "410100", "500101")


def enrol_students(season: Season, school: School, *, seed: int) -> list[Student]:
    """Create the graduates of the school, unless it has students. Returns its students."""
    with school_scope(school):
        existing = list(Student.objects.filter(season=season, school=school))
        if existing:
            return existing
        return Student.objects.bulk_create(_graduates(season, school, random.Random(seed)))


def _graduates(season: Season, school: School, chance: random.Random) -> list[Student]:
    serials = count(int(school.code) % 100 * 97)
    return [_graduate(season, school, chance, n, next(serials)) for n in range(PER_SCHOOL)]


def _graduate(season: Season, school: School, chance: random.Random, n: int, serial: int) -> Student:
    college, major, short = COURSES[n * len(COURSES) // PER_SCHOOL]
    year = season.graduating_class - 4
    born = dt.date(season.graduating_class - 22, 1, 1) + dt.timedelta(days=chance.randrange(365))
    student = Student(
        season=season,
        school=school,
        student_no=f"{year}{int(school.code) % 100:02d}{n + 1:04d}",
        name=HARD_NAMES[n // 2] if n % 2 and n // 2 < len(HARD_NAMES) else _name(chance),
        gender=Student.Gender.MALE if serial % 2 else Student.Gender.FEMALE,
        level="专科" if school.kind == School.Kind.COLLEGE else "本科",
        college=college,
        major=major,
        class_name=_class_name(short, year, n),
        phone=f"{UNASSIGNED_PREFIX}{n:04d}{serial % 10000:04d}",
        email=f"s{school.code}{n + 1:03d}@example.org" if n % 3 == 0 else "",
    )
    student.id_number = _id_number(chance.choice(REGIONS), born, serial)
    return student


def _class_name(short: str, year: int, n: int) -> str:
    return f"{short}{year % 100}0{n % 2 + 1}班"


def first_class(season: Season) -> str:
    """A class that every school has."""
    return _class_name(COURSES[0][2], season.graduating_class - 4, 0)


def _name(chance: random.Random) -> str:
    return chance.choice(FAMILY) + chance.choice(GIVEN.split())


def _id_number(region: str, born: dt.date, serial: int) -> str:
    body = f"{region}{born:%Y%m%d}{serial % 1000:03d}"
    return body + id_numbers.check_character(body)
