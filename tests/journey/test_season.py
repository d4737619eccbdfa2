"""A season in real Chromium: one student from the spreadsheet to the printed sheet.

Everything goes through the pages: nothing is written to the database but the center's first
account. The steps are those of the notice; with SCREENSHOTS=1 each leaves a picture of its page, wide and narrow, in
var/screenshots.
"""

import datetime as dt
import os
import re
import zipfile
from pathlib import Path

import openpyxl
from django.utils import timezone
from playwright.sync_api import Page, expect

from portal.models import Role
from tests import factories
from tests.journey.conftest import DESK, PHONE, PICTURES
from tests.journey.paper import text_of

PASSWORD = "a-long-password"
SCHOOL = "湖畔理工大学"
STUDENTS = [("20230001", "李𬭚", factories.id_number(1)), ("20230002", "王小雨", factories.id_number(2))]
WORKER = 180_000  # ms; the first job waits for the fonts, the first photo for the models


def screenshot(page: Page, name: str) -> None:
    """Fail when the page scrolls sideways at either width; save a screenshot of both when SCREENSHOTS is set."""
    own = page.viewport_size
    page.wait_for_load_state("networkidle")
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        if os.environ.get("SCREENSHOTS"):
            page.screenshot(path=PICTURES / f"{name}_{size['width']}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        assert not wide, f"{name} scrolls sideways at {size['width']} px"
    page.set_viewport_size(own)


def sign_in(page: Page, user: str) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", user)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button.btn-primary")
    page.wait_for_url(re.compile("/(center|school)/$"))


def send(page: Page) -> None:
    """Press the page's primary button in its form."""
    page.locator("main form button.btn-primary:visible").first.click()
    page.wait_for_load_state("networkidle")


def test_a_student_from_spreadsheet_to_printed_sheet(person, stack, tmp_path):
    factories.person("center", Role.CENTER_ADMIN)
    center, school, student = person(DESK), person(DESK), person(PHONE)
    open_the_season(center)
    invitation = enrol_a_school(center)
    accept_the_invitation(school, invitation)
    import_the_roster(school, tmp_path)
    photograph(student, *STUDENTS[0])
    review_and_close(school)
    proofread(student)
    return_the_form(school, tmp_path)
    accept_the_form(center)
    pay_the_fee(school, center)
    print_and_ship(center, tmp_path)
    receive(school, tmp_path)
    expect_delivered(student)
    screenshot_every_page(center, school, student)


def open_the_season(center: Page) -> None:
    sign_in(center, "center")
    screenshot(center, "center_first_day")
    center.goto("/center/season/new/")
    center.fill("[name=opens_at]", "00:00")
    center.fill("[name=closes_at]", "23:59")
    center.fill("[name=contact_name]", "演示联系人")
    center.fill("[name=contact_phone]", "025-00000000")
    screenshot(center, "season_form")
    send(center)
    today = timezone.localdate()
    center.goto("/center/season/days/")
    row = center.locator("tbody tr").first
    row.locator("[name$=-name]").fill("湖滨片区")
    row.locator("[name$=-starts_on]").fill(str(today - dt.timedelta(days=1)))
    row.locator("[name$=-ends_on]").fill(str(today + dt.timedelta(days=5)))
    screenshot(center, "season_days")
    send(center)
    center.goto("/center/season/")
    center.click("[data-open=open-season]")
    center.click("#open-season button.btn-primary")
    expect(center.locator(".badge-ok").first).to_be_visible()
    screenshot(center, "season")


def enrol_a_school(center: Page) -> str:
    center.goto("/center/schools/new/")
    center.fill("[name=code]", "10001")
    center.fill("[name=name]", SCHOOL)
    center.select_option("[name=area]", index=1)
    center.fill("[name=address]", "湖滨路1号")
    screenshot(center, "school_form")
    send(center)
    center.locator("form[action$='/schools/enrol/'] button.btn-primary").click()
    center.wait_for_load_state("networkidle")
    screenshot(center, "school_detail")
    center.locator("main a[href*='/people/new/']").first.click()
    center.fill("[name=password]", PASSWORD)  # once more
    send(center)
    center.fill("[name=username]", "clerk")
    center.fill("[name=full_name]", "周老师")
    center.check("[name=roles][value=school_admin]")
    screenshot(center, "person_form")
    send(center)
    screenshot(center, "invitation")
    return center.locator("#link").input_value()


def accept_the_invitation(school: Page, link: str) -> None:
    school.goto(link)
    screenshot(school, "choose_password")
    school.fill("[name=password1]", PASSWORD)
    school.fill("[name=password2]", PASSWORD)
    send(school)
    school.wait_for_url(re.compile(r"/school/\d{4}/$"))  # whoever chose a password is signed in
    screenshot(school, "school_first_day")


def import_the_roster(school: Page, folder: Path) -> None:
    school.goto("/school/roster/")
    screenshot(school, "roster_empty")
    school.goto("/school/roster/import/")
    with school.expect_download() as download:
        school.locator("a[href$='/roster/template/']").first.click()
    download.value.save_as(folder / "template.xlsx")
    filled = fill_in_template(folder / "template.xlsx", folder / "roster.xlsx")
    screenshot(school, "roster_import")
    school.set_input_files("input[type=file]", filled)
    send(school)
    confirm = school.locator("form[action$='/confirm/'] button")
    expect(confirm).to_be_visible(timeout=WORKER)
    screenshot(school, "roster_preview")
    confirm.click()
    expect(school.locator("main")).to_contain_text(re.compile("已导入|imported"), timeout=WORKER)
    screenshot(school, "roster_result")
    school.goto("/school/roster/")
    expect(school.locator("main tbody tr")).to_have_count(2)
    screenshot(school, "roster")


def fill_in_template(template: Path, target: Path) -> Path:
    """Type two students under the template's headings, as a clerk would."""
    book = openpyxl.load_workbook(template)
    sheet = next(s for s in book.worksheets if any(str(cell.value).startswith("学号") for cell in s[1]))
    headings = [str(cell.value).strip("* ") for cell in sheet[1]]
    sheet.delete_rows(2, sheet.max_row)
    for n, (number, name, id_number) in enumerate(STUDENTS):
        values = {
            "学号": number,
            "姓名": name,
            "性别": "男" if int(id_number[16]) % 2 else "女",
            "证件号码": id_number,
            "培养层次": "本科",
            "学院": "信息学院",
            "专业": "软件工程",
            "班级": "软件2301",
        }
        for column, heading in enumerate(headings, start=1):
            sheet.cell(n + 2, column, values.get(heading))
    book.save(target)
    return target


def photograph(student: Page, number: str, name: str, id_number: str) -> None:
    student.goto("/me/")
    screenshot(student, "student_signin")
    student.fill("[name=name]", name)
    student.fill("[name=id_number]", id_number)
    student.fill("[name=student_no]", number)
    student.locator(".thumb-zone .btn-primary").click()
    student.wait_for_url("**/me/confirm/")
    screenshot(student, "student_confirm")
    for box in student.locator("#confirm input[type=checkbox]").all():
        box.check()
    student.locator(".thumb-zone .btn-primary").click()
    student.wait_for_url("**/me/rules/")
    screenshot(student, "student_rules")
    student.locator(".thumb-zone .btn-primary").click()
    student.wait_for_url("**/me/camera/")
    shutter = student.locator("[data-shutter]")
    expect(shutter).to_be_enabled()
    student.wait_for_timeout(1500)  # the camera settles
    screenshot(student, "student_camera")
    shutter.click()
    student.locator("[data-send]").click()
    student.wait_for_url("**/me/check/", timeout=WORKER)
    hand_in = student.locator("form[action='/me/submit/'] button")
    expect(student.locator("#check h1")).not_to_contain_text(re.compile("being checked|检测"), timeout=WORKER)
    expect(hand_in).to_be_visible(timeout=3000)
    screenshot(student, "student_verdict")
    hand_in.click()
    student.wait_for_url("**/me/")
    screenshot(student, "student_receipt")


def review_and_close(school: Page) -> None:
    school.goto("/school/review/")
    screenshot(school, "review")
    school.keyboard.press("a")
    expect(school.locator("[data-undo]")).to_be_visible()
    screenshot(school, "review_done")
    school.goto("/school/proofs/")
    screenshot(school, "proofs_before")
    school.click("[data-open=open]")
    school.click("#open .btn-primary")
    school.wait_for_load_state("networkidle")
    screenshot(school, "proofs")


def proofread(student: Page) -> None:
    student.goto("/me/proof/")
    screenshot(student, "student_proof")
    student.locator(".thumb-zone .btn-primary").click()
    student.wait_for_load_state("networkidle")
    screenshot(student, "student_proofed")


def return_the_form(school: Page, folder: Path) -> None:
    """The form comes as PDF, is stamped on paper, and goes back as a PDF."""
    school.goto("/school/feedback/")
    screenshot(school, "feedback")
    school.locator("[name=quality][value=good]").check()
    school.locator("[name=service][value=good]").check()
    school.fill("[name=handler_name]", "周老师")
    school.fill("[name=handler_phone]", "025-00000001")
    school.locator("main form:has([name=quality]) button.btn").first.click()
    school.wait_for_load_state("networkidle")
    with school.expect_download() as download:
        school.locator("a[href$='/feedback/form.pdf']").first.click()
    form = folder / "form.pdf"
    download.value.save_as(form)
    text = text_of(form)
    assert SCHOOL in text
    assert "电子图像校对反馈表" in text
    school.set_input_files("[name=stamped]", form)
    school.locator("form[action$='/feedback/send/'] button.btn-primary").click()
    expect(school.locator("form[action$='/feedback/send/']")).to_have_count(0)
    screenshot(school, "feedback_sent")


def accept_the_form(center: Page) -> None:
    center.goto("/center/feedback/")
    screenshot(center, "center_feedback")
    center.locator("main a", has_text=SCHOOL).first.click()
    screenshot(center, "center_feedback_detail")
    center.locator("form[action$='/accept/'] button.btn-primary").click()
    center.wait_for_load_state("networkidle")


def pay_the_fee(school: Page, center: Page) -> None:
    """One student was photographed: 15.00 yuan are due, transferred and entered."""
    school.goto("/school/fees/")
    expect(school.locator("main")).to_contain_text("15.00")
    screenshot(school, "fees")
    center.goto("/center/fees/")
    screenshot(center, "center_fees")
    center.locator("main a", has_text=SCHOOL).first.click()
    center.fill("[name=amount_fen]", "15.00")
    center.fill("[name=reference]", "B-0001")
    send(center)
    expect(center.locator(".tile-ok")).to_contain_text("0.00")
    screenshot(center, "center_school_fees")


def print_and_ship(center: Page, folder: Path) -> None:
    center.goto("/center/printing/")
    screenshot(center, "center_runs")
    center.locator("form[action$='/printing/order/'] [name=pick]").first.check()
    center.locator("form[action$='/printing/order/'] button.btn-primary").click()
    screenshot(center, "print_order")
    send(center)
    center.locator("main tbody a[href^='/center/'][href*='/printing/']").first.click()
    volume = center.locator("a[href^='/center/'][href*='/volumes/']").first
    expect(volume).to_be_visible(timeout=90_000)  # the first sheets of a machine convert their font
    screenshot(center, "center_run")
    with center.expect_download() as download:
        volume.click()
    download.value.save_as(folder / "sheets.pdf")
    check_the_sheets(folder / "sheets.pdf")
    center.click("button[value=printed]")
    center.locator("main a[href$='/ship/']").first.click()
    center.fill("[name=carrier]", "顺丰速运")
    center.fill("[name=tracking_no]", "SF0001")
    screenshot(center, "center_ship")
    send(center)
    center.goto("/center/shipments/")
    expect(center.locator("main")).to_contain_text("SF0001")


def check_the_sheets(path: Path) -> None:
    """Five photos of the one student, each with the caption that the notice demands."""
    number, name, id_number = STUDENTS[0]
    text = text_of(path)
    for words in (name, number, id_number, SCHOOL, "软件工程"):
        assert text.count(words) >= 5, f"{words} stands {text.count(words)} times on the sheet"
    assert STUDENTS[1][1] not in text
    assert b"/CutContour" in path.read_bytes()


def receive(school: Page, folder: Path) -> None:
    school.goto("/school/prints/")
    screenshot(school, "prints")
    school.locator("a[href$='/prints/portraits/']").first.click()
    school.locator("main form .btn-primary").click()
    link = school.locator("a[href$='/file/']")
    expect(link).to_be_visible(timeout=WORKER)
    with school.expect_download() as download:
        link.click()
    download.value.save_as(folder / "portraits.zip")
    with zipfile.ZipFile(folder / "portraits.zip") as archive:
        pictures = [name for name in archive.namelist() if name.endswith(".jpg")]
    assert [Path(name).stem for name in pictures] == [STUDENTS[0][0]]  # the student number
    school.goto("/school/prints/")
    school.click("[data-open=receive]")
    school.fill("#receive [name=received_by]", "周老师")
    school.locator("#receive .btn-primary").click()
    expect(school.locator("[data-open=receive]")).to_have_count(0)
    screenshot(school, "prints_received")


def expect_delivered(student: Page) -> None:
    student.goto("/me/")
    expect(student.locator(".receipt h1")).to_contain_text(re.compile("已交付|Delivered"))
    screenshot(student, "student_delivered")


def screenshot_every_page(center: Page, school: Page, student: Page) -> None:
    """The pages of every menu that the way did not lead past."""
    for page, room in ((center, "center"), (school, "school")):
        page.goto(f"/{room}/")
        for address in page.locator(".side-nav a").evaluate_all("links => links.map(a => a.getAttribute('href'))"):
            page.goto(address)
            if os.environ.get("SCREENSHOTS"):  # tests/test_accessibility.py asks each page whether it is too wide
                screenshot(page, f"menu_{address.strip('/').replace('/', '_')}")
    student.goto("/me/messages/")
    screenshot(student, "student_messages")
