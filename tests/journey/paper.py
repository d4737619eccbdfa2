"""Reading the PDFs that the product makes, with poppler."""

import subprocess
from pathlib import Path


def text_of(path: Path) -> str:
    """The text that copying from the PDF gives."""
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, text=True)
    return done.stdout
