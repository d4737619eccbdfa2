"""Sheets: ours beside a raster layout of the same page (Pillow at 300 dpi), and the peak memory of many students.

    .venv/bin/python -m bench.sheets [STUDENTS]          10,000 unless told

Each contender runs in a fresh process. The raster peer resizes each portrait once, writes the captions with the same font
and saves the pages as JPEG in one PDF; it gets fewer students, since it is slow. Needs no database.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("TUCAI_SERVICES", "none")
PEER_STUDENTS = 80
FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = [chr(0x4E00 + 37 * n) for n in range(500)]


def portrait() -> bytes:
    """480 x 640 of about the 40 kB that the standard allows."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(3)
    low = Image.fromarray(rng.integers(60, 220, (56, 42, 3), dtype="uint8")).resize(
        (480, 640), Image.Resampling.BICUBIC
    )
    pixels = np.asarray(low).astype(int) + rng.integers(-4, 5, (640, 480, 3))
    data = BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(data, "JPEG", quality=64, dpi=(300, 300))
    return data.getvalue()


def students(count: int) -> list:
    from printing.sheets import SheetStudent

    return [
        SheetStudent(
            portrait=str(n),
            school="湖滨理工大学",
            college=f"第{n // 2000}学院",
            major="计算机科学与技术",
            class_name=f"计科23{n // 40:03d}班",
            student_no=f"2023{n:06d}",
            id_number=f"320102200102{n % 10000:06d}",
            name=FAMILY[n % 20] + GIVEN[n % 500] + GIVEN[n * 7 % 500],
        )
        for n in range(count)
    ]


def ours(count: int, folder: Path) -> dict:
    from portal.pdf.fonts import installed_fonts
    from printing.layout import sheet_for
    from printing.sheets import SheetHeader, build_volumes

    fonts, jpeg, rows = installed_fonts(), (folder / "portrait.jpg").read_bytes(), students(count)
    fonts.width("一", 10)
    header = SheetHeader(school="湖滨理工大学", season="2023届毕业生图像采集", center="示范省中心", run="B")
    started = time.perf_counter()
    steps = build_volumes(
        rows,
        reading=lambda _: nullcontext(lambda _: bytes(bytearray(jpeg))),
        header=header,
        directory=folder,
        fonts=fonts,
        layout=sheet_for(5),
    )
    volumes = [step.volume for step in steps if step.volume]
    seconds = time.perf_counter() - started
    size = sum(volume.path.stat().st_size for volume in volumes)
    return {"seconds": seconds, "ratio": size / (count * len(jpeg)), "pages": sum(v.pages for v in volumes)}


def raster(count: int, folder: Path) -> dict:
    from PIL import Image, ImageDraw, ImageFont

    from portal.pdf.fonts import SOURCES
    from printing.layout import paginate, sheet_for

    layout, jpeg = sheet_for(5), (folder / "portrait.jpg").read_bytes()
    scale = 300 / 25.4
    font = ImageFont.truetype(str(SOURCES["sans"]()), 27)
    size = (round(layout.image_width * scale), round(layout.image_height * scale))
    started, pages = time.perf_counter(), []
    for page in paginate(students(count), per_page=layout.students_per_page, group=lambda s: s.college):
        sheet = Image.new("RGB", (round(layout.page_width * scale), round(layout.page_height * scale)), "white")
        draw = ImageDraw.Draw(sheet)
        for place, student in enumerate(page):
            picture = Image.open(BytesIO(jpeg)).resize(size, Image.Resampling.LANCZOS)
            for copy in range(layout.copies):
                box = layout.photo(place, copy)
                left, top = round(box.left * scale), round(box.top * scale)
                sheet.paste(picture, (left, top))
                draw.rectangle((left, top, left + size[0], round(box.bottom * scale)), outline=(255, 0, 255))
                for line, words in enumerate(student.caption):
                    draw.text((left + size[0] / 2, top + size[1] + 24 + 34 * line), words, "black", font, "mm")
        pages.append(sheet)
    pages[0].save(folder / "raster.pdf", save_all=True, append_images=pages[1:], resolution=300, quality=92)
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "ratio": (folder / "raster.pdf").stat().st_size / (count * len(jpeg)),
        "pages": len(pages),
    }


def measured(name: str, count: int) -> dict:
    """In a process of its own, so that the peak memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "portrait.jpg").write_bytes(portrait())
        command = [sys.executable, "-m", "bench.sheets", "--contender", name, str(count), folder]
        return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-1])


def contend(name: str, count: int, folder: Path) -> None:
    found = {"ours": ours, "raster": raster}[name](count, folder)
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found | {"a_second": count / found["seconds"], "students": count}))


def main() -> None:
    if "--contender" in sys.argv:
        contend(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    measured("ours", 4)  # converts the fonts, once a machine
    peer, mine, small = measured("raster", PEER_STUDENTS), measured("ours", count), measured("ours", PEER_STUDENTS)
    print(f"{'sheets':24} {'students':>9} {'students/s':>11} {'peak MB':>8} {'PDF / JPEG bytes':>17}")
    for name, row in (("raster layout, 300 dpi", peer), ("ours", small), ("ours", mine)):
        print(f"{name:24} {row['students']:9,} {row['a_second']:11.0f} {row['peak_mb']:8.0f} {row['ratio']:17.3f}")
    print(
        f"ours / raster: {mine['a_second'] / peer['a_second']:.0f}x (budget 20x); memory budget 150 MB; bytes budget 1.08"
    )


if __name__ == "__main__":
    main()
