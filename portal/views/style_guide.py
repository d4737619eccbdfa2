"""/guide/ on a developer's machine: every part of the pages once, with made-up data, to look at in
both themes and widths.
"""

import datetime as dt
from types import SimpleNamespace as Sample
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.models import Job

_AREAS = [
    ("泰州地区", "3月21日—27日", 800, [12, 8, 40, 700, 20, 20]),
    ("镇江地区", "3月28日—4月5日", 640, [300, 22, 80, 238, 0, 0]),
    ("南京片区（二）", "4月6日—30日", 5200, [5200, 0, 0, 0, 0, 0]),
    ("苏州地区", "5月1日—29日", 4100, [0, 0, 0, 0, 0, 4100]),
]
# label, tone and icon of a badge
_STATES = {
    "waiting": ("未拍摄", "", "clock"),
    "checking": ("检测中", "sky", "arrow-path"),
    "retake": ("需重拍", "act", "arrow-uturn-left"),
    "review": ("待审核", "look", "eye"),
    "approved": ("已通过", "ok", "check"),
}
_PEOPLE = [
    ("李晓雨", "计算机科学与技术", "review"),
    ("阿卜杜热合曼·麦麦提江·买买提", "汉语国际教育与中国古典文献学跨文化传播方向（师范类中外合作）", "retake"),
    ("𬭚䶮㛃", "护理学", "waiting"),
    ("欧阳震华", "临床医学", "approved"),
    ("刘洋", "法学", "checking"),
]
_REASONS = [("刘海遮挡眉毛", 128, "#"), ("光线不均", 96, "#"), ("蓝色上衣", 44, "#"), ("照片模糊", 31, "#")]
_MODES = [("school", "学校统一交费"), ("student", "学生个人交费")]
_DAYS = [(f"3/{14 + n}", value) for n, value in enumerate([0, 4, 12, 88, 131, 140, 96, 122, 180, 210, 166, 128])]
_PARTS = [("已通过", 132, "ok"), ("待审核", 12, "look"), ("需重拍", 8, "act"), ("未拍", 88, "muted")]


class _Form(forms.Form):
    name = forms.CharField(label="姓名", help_text="与身份证一致，将印在照片下方。")
    email = forms.EmailField(label="邮箱", required=False)
    due = forms.DateField(label="交费截止日期", widget=forms.DateInput(attrs={"type": "date"}))
    mode = forms.ChoiceField(label="交费方式", choices=_MODES, widget=forms.RadioSelect)
    area = forms.ChoiceField(label="片区", choices=[(name, name) for name, *_ in _AREAS])
    roster = forms.FileField(label="学生电子数据表", help_text=".xlsx、.xls 或 .csv，不超过 25 MB")
    opinion = forms.CharField(label="意见和建议", widget=forms.Textarea, required=False)
    agreed = forms.BooleanField(label="我已阅读并同意")


def guide(request: Any) -> HttpResponse:
    context = {
        "spark": [3, 8, 5, 12, 18, 16, 22, 31],
        "matrix": _AREAS,
        "reasons": _REASONS,
        "days": _DAYS,
        "parts": _PARTS,
        "jobs": [
            _job("running", 7200, 30000, "已校验 7,200 行"),
            _job("failed", 80, 240, "磁盘空间不足，请清理后重试。"),
        ],
        "students": [_student(n, *person) for n, person in enumerate(_PEOPLE)],
        "page": Paginator(range(30000), 50).page(9),
        "form": _Form({"email": "x"}, {}),
        "states": _STATES.values(),
        "findings": [
            {"outcome": "reject", "box": (0.28, 0.2, 0.42, 0.12)},
            {"outcome": "warn", "box": (0.3, 0.52, 0.15, 0.12)},
        ],
    }
    return render(request, "ui/guide.html", context)


def _job(status: str, done: int, total: int, message: str) -> Job:
    return Job(pk=total, status=status, done=done, total=total, message=message)


def _student(number: int, name: str, major: str, stage: str) -> Sample:
    at = timezone.now() - dt.timedelta(minutes=9**number)
    no = f"20190{number:04d}"
    return Sample(name=name, major=major, stage=_STATES[stage], no=no, id_number="32010220010101123X", at=at)
