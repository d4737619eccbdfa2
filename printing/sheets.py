"""Draws sheets of portraits as PDF volumes.

No database: students are data, a function reads the portraits.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from portal.pdf.fonts import FontChain
from portal.pdf.paper import NotAJpeg, add_jpeg, document, draw_text, place_jpeg, stroke_cut_lines
from printing.captions import Caption, fit_caption
from printing.layout import Box, SheetLayout, group_into_volumes, paginate

# A volume is built in memory before it is written: this number of students takes about 60 MB.
MAX_STUDENTS_A_VOLUME = 500
GREY = 0.35


@dataclass(frozen=True, slots=True)
class SheetStudent:
    """The data on one student's photos. `portrait` is the name of the JPEG for `read_portrait`."""

    portrait: str
    school: str
    college: str
    major: str
    class_name: str
    student_no: str
    id_number: str
    name: str

    @property
    def order(self) -> tuple[str, str, str, str]:
        return (self.college, self.major, self.class_name, self.student_no)

    @property
    def caption(self) -> tuple[str, ...]:
        """The lines in the notice's order: school, major, class with number, ID number, name."""
        return (self.school, self.major, f"{self.class_name} {self.student_no}", self.id_number, self.name)


@dataclass(frozen=True)
class SheetHeader:
    """The texts outside of the cut lines of every page."""

    school: str
    season: str
    center: str
    run: str
    """The number of the print run, printed on every page."""


@dataclass(frozen=True)
class DrawnVolume:
    number: int
    path: Path
    students: int
    pages: int
    first: SheetStudent
    last: SheetStudent
    groups: tuple[tuple[SheetStudent, int, int, int], ...]
    """For each class: one of its students, the number of students, the first and the last page."""
    places: tuple[tuple[str, int], ...]
    """(portrait, page) of each student."""


@dataclass(frozen=True)
class Progress:
    done: int
    total: int
    volume: DrawnVolume | None
    """The volume that has just been finished, if one has."""


class Unprintable(Exception):
    """Some students cannot be printed as they are.

    `problems` pairs each with the characters that no font has; with nothing, if the portrait is
    missing or no JPEG.
    """

    def __init__(self, problems: list[tuple[SheetStudent, str]]) -> None:
        super().__init__("; ".join(f"{student.student_no} {student.name}: {reason}" for student, reason in problems))
        self.problems = problems


def missing_characters(students: Sequence[SheetStudent], fonts: FontChain) -> list[tuple[SheetStudent, str]]:
    """The students whose captions have characters that no font has, each with those characters."""
    found = ((student, fonts.missing("".join(student.caption))) for student in students)
    return [(student, characters) for student, characters in found if characters]


def build_volumes(
    students: Sequence[SheetStudent],
    *,
    reading: Callable[[Iterable[str]], AbstractContextManager[Callable[[str], bytes]]],
    header: SheetHeader,
    directory: Path,
    fonts: FontChain,
    layout: SheetLayout,
    limit: int = MAX_STUDENTS_A_VOLUME,
    stem: str = "sheets",
) -> Iterator[Progress]:
    """Write the volumes `directory`/`stem`-001.pdf, -002.pdf …; yields after every page. `reading`: as `files.reading_ahead`.

    Students are ordered by college, major, class and number. The same students give the same bytes.
    Raises Unprintable for missing characters before the first page, and for a portrait that is
    missing or no JPEG when its page is drawn; volumes that are finished by then stay.
    """
    if problems := missing_characters(students, fonts):
        raise Unprintable(problems)
    ordered = sorted(students, key=lambda student: student.order)
    pages = paginate(ordered, per_page=layout.students_per_page, group=lambda student: student.college)
    volumes = list(group_into_volumes(pages, limit=limit))
    done = 0
    with reading(student.portrait for student in ordered) as read_portrait:
        for number, volume_pages in enumerate(volumes, 1):
            path = directory / f"{stem}-{number:03}.pdf"
            renderer = VolumeRenderer(fonts, layout, header, number, len(volumes), len(volume_pages))
            with document(
                path,
                fonts=fonts,
                width=layout.page_width,
                height=layout.page_height,
                title=renderer.title,
                author=header.center,
            ) as canvas:
                for page_number, page in enumerate(volume_pages, 1):
                    renderer.draw_page(canvas, page_number, page, read_portrait)
                    done += len(page)
                    if page_number < len(volume_pages):
                        yield Progress(done, len(ordered), None)
            yield Progress(done, len(ordered), _volume(number, path, volume_pages))


def _classes(first: SheetStudent, last: SheetStudent) -> str:
    """The heading of a page: its college, and the classes of its first and last student."""
    names = [first.class_name] if first.order[:3] == last.order[:3] else [first.class_name, "至", last.class_name]
    major = first.major if first.major == last.major else ""
    return " · ".join(part for part in (first.college, major, " ".join(names)) if part)


def _volume(number: int, path: Path, pages: list[list[SheetStudent]]) -> DrawnVolume:
    classes: dict[tuple[str, ...], list[tuple[int, SheetStudent]]] = {}
    for page_number, page in enumerate(pages, 1):
        for student in page:
            classes.setdefault(student.order[:3], []).append((page_number, student))
    groups = tuple((found[0][1], len(found), found[0][0], found[-1][0]) for found in classes.values())
    total = sum(len(page) for page in pages)
    places = tuple((student.portrait, page) for page, students in enumerate(pages, 1) for student in students)
    return DrawnVolume(number, path, total, len(pages), pages[0][0], pages[-1][-1], groups, places)


class VolumeRenderer:
    """Draws the pages of one volume."""

    def __init__(
        self, fonts: FontChain, layout: SheetLayout, header: SheetHeader, number: int, volumes: int, pages: int
    ) -> None:
        self.fonts, self.layout, self.header = fonts, layout, header
        self.volume_mark = f"第{number}册/共{volumes}册"
        self.pages = pages
        self.drawn = 0
        self._measure = lru_cache(maxsize=4096)(fonts.width)

    @property
    def title(self) -> str:
        return f"{self.header.season} {self.header.school} {self.volume_mark}"

    def draw_page(
        self, canvas: Canvas, number: int, students: list[SheetStudent], read_portrait: Callable[[str], bytes]
    ) -> None:
        for place, student in enumerate(students):
            self._draw_student(canvas, place, student, read_portrait)
        self._draw_cut_lines(canvas, len(students))
        self._draw_margins(canvas, number, students)
        canvas.showPage()

    def _draw_student(
        self, canvas: Canvas, place: int, student: SheetStudent, read_portrait: Callable[[str], bytes]
    ) -> None:
        """Draw one student's copies.

        Picture and caption are one PDF form, so the file holds the picture only once.
        """
        self.drawn += 1
        form = f"p{self.drawn}"
        try:
            add_jpeg(canvas, f"j{self.drawn}", read_portrait(student.portrait))
        except (FileNotFoundError, NotAJpeg) as error:
            raise Unprintable([(student, "")]) from error
        self._define_photo(canvas, form, f"j{self.drawn}", student)
        for copy in range(self.layout.copies):
            left, bottom = self._corner(self.layout.photo(place, copy))
            canvas.saveState()
            canvas.translate(left, bottom)
            canvas.doForm(form)
            canvas.restoreState()
        self._draw_strip_label(canvas, place, student)

    def _define_photo(self, canvas: Canvas, form: str, picture: str, student: SheetStudent) -> None:
        layout = self.layout
        width, caption_height = layout.image_width * mm, layout.caption_height * mm
        canvas.beginForm(form, 0, 0, width, layout.photo_height * mm)
        place_jpeg(canvas, picture, 0, caption_height, width, layout.image_height * mm)
        inset = layout.caption_inset * mm
        caption = fit_caption(
            student.caption, width=width - 2 * inset, height=caption_height - 2 * inset, measure=self._measure
        )
        self._draw_caption(canvas, caption, width / 2, caption_height)
        canvas.endForm()

    def _draw_caption(self, canvas: Canvas, caption: Caption, middle: float, height: float) -> None:
        block = len(caption.lines) * caption.leading
        # A Chinese character reaches about 0.12 em below the baseline.
        y = height - (height - block) / 2 - caption.leading / 2 - caption.size * 0.38
        for line in caption.lines:
            draw_text(canvas, self.fonts, line.text, middle, y, caption.size, condense=line.condense, align="center")
            y -= caption.leading

    def _draw_cut_lines(self, canvas: Canvas, students: int) -> None:
        """Draw cut lines around photos, and above captions so that the image peels off alone."""
        boxes = [self.layout.photo(place, copy) for place in range(students) for copy in range(self.layout.copies)]
        rectangles = [(*self._corner(box), box.width * mm, box.height * mm) for box in boxes]
        bottoms = [(left, bottom + self.layout.caption_height * mm, width) for left, bottom, width, _ in rectangles]
        stroke_cut_lines(canvas, rectangles, [(left, y, left + width, y) for left, y, width in bottoms])

    def _corner(self, box: Box) -> tuple[float, float]:
        """The lower left corner of the box in points, from the lower left corner of the page."""
        return box.left * mm, (self.layout.page_height - box.bottom) * mm

    def _draw_strip_label(self, canvas: Canvas, place: int, student: SheetStudent) -> None:
        """Write class, number and name along the left margin of the strip."""
        strip = self.layout.strip(place)
        canvas.saveState()
        canvas.setFillGray(GREY)
        canvas.translate((self.layout.left - 3) * mm, (self.layout.page_height - strip.bottom + 3) * mm)
        canvas.rotate(90)
        words = f"{student.class_name}　{student.student_no}　{student.name}"
        room = (strip.height - 6) * mm
        draw_text(canvas, self.fonts, words, 0, 0, 7, condense=min(1, room / self.fonts.width(words, 7)))
        canvas.restoreState()

    def _draw_margins(self, canvas: Canvas, number: int, students: list[SheetStudent]) -> None:
        layout, header = self.layout, self.header
        first, last = students[0], students[-1]
        left, right = layout.left * mm, (layout.page_width - layout.left) * mm
        top, bottom = (layout.page_height - 10.5) * mm, 10 * mm
        page_mark = f"{self.volume_mark}　第{number}页/共{self.pages}页"
        span = f"学号 {first.student_no} 至 {last.student_no}　{len(students)}人"
        self._pair(canvas, left, right, top, 9.5, header.school, page_mark)
        self._pair(canvas, left, right, top - 5 * mm, 7.5, _classes(first, last), span)
        self._pair(canvas, left, right, bottom, 6.5, f"{header.season}　{header.center}", header.run)
        self._draw_marks(canvas, len(students))

    def _pair(self, canvas: Canvas, left: float, right: float, y: float, size: float, start: str, end: str) -> None:
        """Draw one text at the left and one at the right of a line.

        The left one is condensed when it is too long.
        """
        canvas.setFillGray(0 if size > 9 else GREY)
        room = right - left - self.fonts.width(end, size) - 4 * mm
        natural = self.fonts.width(start, size)
        draw_text(canvas, self.fonts, start, left, y, size, condense=min(1, room / natural) if natural else 1)
        draw_text(canvas, self.fonts, end, right, y, size, align="right")
        canvas.setFillGray(0)

    def _draw_marks(self, canvas: Canvas, students: int) -> None:
        """Draw crosses in the corners to align the cutter, and marks between strips."""
        layout = self.layout
        near, size = layout.safe_margin + 2, 2.0
        canvas.saveState()
        canvas.setLineWidth(0.4)
        for x in (near, layout.page_width - near):
            for y in (near, layout.page_height - near):
                self._line(canvas, x - size, y, x + size, y)
                self._line(canvas, x, y - size, x, y + size)
        edges = {layout.strip(place).top for place in range(students)} | {layout.strip(students - 1).bottom}
        for edge in sorted(edges):
            self._line(canvas, layout.safe_margin, edge, layout.safe_margin + 3, edge)
            self._line(
                canvas, layout.page_width - layout.safe_margin - 3, edge, layout.page_width - layout.safe_margin, edge
            )
        canvas.restoreState()

    def _line(self, canvas: Canvas, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a line. Coordinates are in millimetres from the top left corner."""
        height = self.layout.page_height
        canvas.line(x1 * mm, (height - y1) * mm, x2 * mm, (height - y2) * mm)
