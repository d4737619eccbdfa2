"""manage.py demo: load the demo season. It may be called again; what exists is kept."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import schools
from demo.loading import load
from demo.scale import filling
from portal import history
from portal.tenancy import school_scope
from schools.models import Season
from students.models import Student

ACCOUNTS = {
    "center": "中心管理员 · center administrator",
    "officer": "中心工作人员 · center officer",
    "reviewer": "中心审核员 · center reviewer",
    "finance": "中心财务 · center finance",
    "printing": "中心印制 · center printing",
    "auditor": "中心审计（只读）· center auditor, reads only",
    "school": "学校管理员（石城理工大学，采集中）· school administrator, capturing",
    "school-officer": "学校工作人员 · school officer of the same school",
    "school-reviewer": "学校审核员（仅信息工程学院）· school reviewer, one college only",
    "school-finance": "学校财务 · school finance",
    "school-helper": "采集点协助人员 · station helper",
    "school-monitor": "班长（只看本班谁未拍摄）· class monitor, sees who of the class is missing",
    "school2": "莫愁湖传媒学院（学生个人交费）· each student pays",
    "school3": "金山师范学院（校对中）· proofreading",
    "school4": "北固工业大学（反馈表已提交）· feedback form sent",
    "school5": "滨江医药职业技术学院（已交付）· prints delivered",
    "school6": "太湖联合研究院（准备中）· preparing",
}


class Command(BaseCommand):
    help = "Load the demo season: areas, six schools, 240 students; their photos are taken by a job in the background."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="only into a database without any season")
        parser.add_argument("--accounts", action="store_true", help="only print the demo accounts")
        parser.add_argument(
            "--scale",
            type=int,
            metavar="STUDENTS",
            help="instead: 170 schools with so many students in all, 30000 of 700000 in the largest, with all that a running season"
            " holds, into an empty database",
        )
        parser.add_argument(
            "--last-year",
            type=int,
            metavar="STUDENTS",
            help="with --scale: students of last year's season; left out: half as many",
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="with --scale: the same seed and day make the same rows"
        )
        parser.add_argument(
            "--processes", type=int, default=os.cpu_count() or 1, help="with --scale: how many fill at once"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_LOCAL:
            raise CommandError(
                "演示数据带有众所周知的密码，生产环境不载入。"
                "The demo's passwords are known to everybody: not in production. A trial with servers of its own sets TUCAI_LOCAL=1."
            )
        with history.source("command"):
            if options["accounts"]:
                self._print_accounts()
            elif options["scale"]:
                self._fill(**options)
            elif schools.has_season() and options["if_empty"]:
                return
            elif schools.has_real_season():
                raise CommandError(
                    "这里已有正式的采集季，不再载入演示数据。There is a real season here: the demo stays out."
                )
            else:
                job = load()
                self.stdout.write(f"演示季已就绪，照片任务 {job.pk}：{job.get_status_display()}")

    def _fill(self, **options: Any) -> None:
        if schools.has_season():
            raise CommandError(
                "这里已有采集季：请另设 TUCAI_DATA 指向空的数据目录，再执行 migrate 和本命令。"
                "There is a season here: name an empty data folder in TUCAI_DATA, then migrate and fill."
            )
        students = options["scale"]
        last_year = students // 2 if options["last_year"] is None else options["last_year"]
        filling.fill(
            students=students,
            last_year=last_year,
            seed=options["seed"],
            processes=options["processes"],
            report=self.stdout.write,
        )

    def _print_accounts(self) -> None:
        if not schools.has_season() or schools.has_real_season():
            return
        for username, who in ACCOUNTS.items():
            self.stdout.write(f"  {username:<17}{schools.PASSWORD:<13}{who}")
        for code in ("90001", "90002"):
            self._print_student(schools.school_of(schools.find_entry(code)))

    def _print_student(self, school: Any) -> None:
        """Print a graduate who has not been photographed yet, to sign in at /me/."""
        with school_scope(school):
            waiting = Student.objects.filter(season=Season.objects.in_capture().first(), stage=Student.Stage.WAITING)
            student = waiting.order_by("student_no").last()
        if student:
            self.stdout.write(
                f"  学生 student   {student.name}  {student.id_number}  {student.student_no}  {school.name}"
            )
