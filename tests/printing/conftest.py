"""Real fonts, real JPEG files, real PDFs; `rendered` looks at a page as poppler draws it."""

import subprocess
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from printing.fonts import house_fonts
from printing.sheets import SheetHeader, SheetStudent

HEADER = SheetHeader(school="湖滨大学", season="2022年毕业生图像采集", center="示范省中心", run="P-1")


@pytest.fixture(scope="session")
def fonts():
    return house_fonts()


def picture(colour=(220, 30, 30), size=(480, 640), quality=90) -> bytes:
    """A JPEG of one colour with a grain that weighs as much as a face."""
    grain = np.random.default_rng(1).integers(-12, 12, (size[1], size[0], 3))
    pixels = np.clip(np.array(colour) + grain, 0, 255).astype("uint8")
    data = BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality, dpi=(300, 300))
    return data.getvalue()


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    return picture()


def sheet_student(number: int, **fields) -> SheetStudent:
    fields = {
        "portrait": f"{number}.jpg",
        "school": "湖滨大学",
        "college": "信息学院",
        "major": "软件工程",
        "class_name": "软件2301",
        "student_no": f"S{number:06d}",
        "id_number": f"32010220010203{number:04d}",
        "name": "李一",
    } | fields
    return SheetStudent(**fields)


def text_of(path, *options) -> str:
    return subprocess.run(["pdftotext", *options, str(path), "-"], capture_output=True, check=True).stdout.decode()


def rendered(path, page=1, dpi=300) -> np.ndarray:
    """The page's pixels, height x width x 3."""
    command = ["pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-png", str(path)]
    png = subprocess.run(command, capture_output=True, check=True).stdout
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)
