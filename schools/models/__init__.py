"""Seasons, areas, schools, the enrolments of schools in seasons, the notices of the center and the letters of the schools."""

from schools.models.calendar_link import CalendarLink
from schools.models.days_request import DaysRequest
from schools.models.enrolment import Action, Enrolment
from schools.models.group_days import GroupDays
from schools.models.inquiry import Inquiry, InquiryMessage
from schools.models.notice import Notice, NoticeAddressee, NoticeFile, NoticeReceipt, NoticeVersion
from schools.models.places import Area, School
from schools.models.season import Season, Window, WindowException, WindowKind

__all__ = [
    "Action",
    "Area",
    "CalendarLink",
    "DaysRequest",
    "Enrolment",
    "GroupDays",
    "Inquiry",
    "InquiryMessage",
    "Notice",
    "NoticeAddressee",
    "NoticeFile",
    "NoticeReceipt",
    "NoticeVersion",
    "School",
    "Season",
    "Window",
    "WindowException",
    "WindowKind",
]
