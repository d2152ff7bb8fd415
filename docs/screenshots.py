"""Pictures of a report as a browser shows it: `python -m docs.screenshots PAGE OUT_DIR NAME`.

Writes NAME.png (a wide window), NAME-dark.png and NAME-phone.png. It needs Chromium, as Debian's
`chromium` package installs it, and looks best with the font of the package `fonts-inter`.
"""

import contextlib
import io
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Name of the picture, width and height of what is shown, pixels a point, dark or light.
SHOTS: tuple[tuple[str, int, int, int, Literal["light", "dark"]], ...] = (
    ("", 1440, 1500, 1, "light"),
    ("-dark", 1440, 1500, 1, "dark"),
    ("-phone", 390, 1600, 2, "light"),
)
MOST_BYTES = 400_000
_COLOURS = 128


def find_browser() -> str | None:
    """Returns the path of a Chromium; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextlib.contextmanager
def open_browser() -> Iterator[Browser]:
    """Opens a Chromium without a window.

    Raises:
        FileNotFoundError: where there is none.
    """
    path = find_browser()
    if path is None:
        raise FileNotFoundError(
            "there is no Chromium here: install it, as with `apt-get install chromium`"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


def take(page: Path, out: Path, name: str) -> list[Path]:
    """Takes the pictures of a page, and returns where they are.

    Raises:
        ValueError: if one is larger than `MOST_BYTES`.
    """
    out.mkdir(parents=True, exist_ok=True)
    taken = []
    with open_browser() as browser:
        for suffix, width, height, scale, scheme in SHOTS:
            window = browser.new_page(
                viewport={"width": width, "height": height},
                device_scale_factor=scale,
                color_scheme=scheme,
            )
            window.goto(page.resolve().as_uri())
            picture = Image.open(io.BytesIO(window.screenshot()))
            window.close()
            path = out / f"{name}{suffix}.png"
            picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(
                path, optimize=True
            )
            if path.stat().st_size > MOST_BYTES:
                raise ValueError(
                    f"{path} has {path.stat().st_size:,} bytes, more than a page needs"
                )
            taken.append(path)
    return taken


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    for path in take(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]):
        print(path)
