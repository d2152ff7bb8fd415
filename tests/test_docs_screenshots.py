import subprocess
import sys

import pytest
from PIL import Image

from docs import screenshots
from docs.screenshots import MOST_BYTES, find_browser, take

needs_browser = pytest.mark.skipif(
    find_browser() is None, reason="no Chromium here: install it, as apt-get install chromium does"
)
PAGE = (
    '<html><head><meta name="color-scheme" content="light dark">'
    '<meta name="viewport" content="width=device-width"></head><body><h1>Pushed</h1></body></html>'
)


@needs_browser
def test_a_page_is_taken_wide_dark_and_on_a_phone(tmp_path):
    page = tmp_path / "index.html"
    page.write_text(PAGE)
    wide, dark, phone = take(page, tmp_path / "images", "report-demo")
    assert [path.name for path in (wide, dark, phone)] == [
        "report-demo.png",
        "report-demo-dark.png",
        "report-demo-phone.png",
    ]
    assert Image.open(wide).size == (1440, 1500)
    assert Image.open(phone).size == (780, 3200)
    corners = [Image.open(path).convert("RGB").getpixel((5, 5)) for path in (wide, dark)]
    assert sum(corners[0]) > 700 > 200 > sum(corners[1])
    assert all(path.stat().st_size < MOST_BYTES for path in (wide, dark, phone))


def test_without_a_browser_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_browser() is None
    with pytest.raises(FileNotFoundError, match="apt-get install chromium"):
        take(tmp_path / "index.html", tmp_path, "x")


def test_called_without_arguments_it_says_how_to_call_it():
    done = subprocess.run(
        [sys.executable, screenshots.__file__], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "python -m docs.screenshots PAGE OUT_DIR NAME" in done.stderr
