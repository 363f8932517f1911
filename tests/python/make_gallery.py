"""Makes docs/report.html, docs/index.html and the pictures of both and of the README, from kept records:

    CI=true tests/python/make_gallery.py        # after `.ci/run page`, which installs what drives the browser

tests/python/test_gallery.py says when it has to be run again."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]

import jinja2  # noqa: E402

from browser import Browser, lacking  # noqa: E402
from mpmt.base.places import ROOT  # noqa: E402
from mpmt.records import record_file  # noqa: E402
from mpmt.views.report import report_of  # noqa: E402
from mpmt.views.view import Report  # noqa: E402
from mpmt.writers import page  # noqa: E402

DOCS = ROOT / "docs"
IMAGES = DOCS / "images"
# The records that the gallery tells of; the first is the README's answer.
RECORDS = sorted((ROOT / "results" / "f77e69e50e78").glob("*.json"))
PLOTS = ("verdict", "scaling", "where", "latency", "channels", "startup")
NARROW, WIDE = 360, 1100


def gallery_report() -> Report:
    return report_of({str(path.relative_to(ROOT)): record_file.load(path) for path in RECORDS})


def report_html() -> str:
    return page.html(gallery_report())


def index_html(report: Report, html: str) -> str:
    """The first page of docs/: what the records say, in sentences and pictures. It names the page that the pictures are of."""
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined,
                              keep_trailing_newline=True)
    views: list[Any] = [view for view in report.views if view.sentences]
    records = [path.relative_to(ROOT) for path in RECORDS]
    return made.get_template("gallery.html").render(views=views, plots=PLOTS, records=records, drawn_of=digest(html))


def digest(html: str) -> str:
    return hashlib.sha256(html.encode("utf-8")).hexdigest()


def main() -> int:
    if missing := lacking():
        print(f"make_gallery: {missing}", file=sys.stderr)
        return 69
    report, html = gallery_report(), report_html()
    (DOCS / "report.html").write_text(html, "utf-8")
    (DOCS / "index.html").write_text(index_html(report, html), "utf-8")
    draw_plots(report)
    take_screenshots(html)
    return 0


def draw_plots(report: Report) -> None:
    from mpmt.writers.plots import figure
    from mpmt.writers.plots.style import use_style
    use_style()
    with tempfile.TemporaryDirectory() as folder:
        for drawn in figure.draw(report, Path(folder), ["png"], dpi=110).files:
            if drawn.stem in PLOTS:
                (IMAGES / f"{drawn.stem}.png").write_bytes(drawn.read_bytes())


def take_screenshots(html: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(Path(folder))
        for name, width, height, scheme in (("report-light", WIDE, 900, "light"), ("report-dark", WIDE, 900, "dark"),
                                            ("report-phone", NARROW, 780, "light")):
            browser.open(html, width=width, height=height, scheme=scheme)
            browser.ask("screenshot", path=str(IMAGES / f"{name}.png"), whole=False)
        browser.close()


if __name__ == "__main__":
    raise SystemExit(main())
