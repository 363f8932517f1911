"""What docs/ shows of kept records is what they say today. After a change of a writer or a record:
tests/python/make_gallery.py."""

from __future__ import annotations

import re

import pytest

import make_gallery as gallery
from mpmt.base.places import ROOT
from mpmt.writers import page

AGAIN = "run tests/python/make_gallery.py"


@pytest.fixture(scope="module")
def made() -> tuple[str, str]:
    report = gallery.gallery_report()
    html = page.html(report)
    return html, gallery.index_html(report, html)


def test_the_report_in_docs_is_that_of_the_kept_records(made: tuple[str, str]) -> None:
    assert (gallery.DOCS / "report.html").read_text("utf-8") == made[0], AGAIN


def test_the_gallery_is_of_that_report(made: tuple[str, str]) -> None:
    assert (gallery.DOCS / "index.html").read_text("utf-8") == made[1], AGAIN


def test_pictures_that_the_gallery_and_the_readme_show_are_there() -> None:
    for name in ("docs/index.html", "README.md"):
        text = (ROOT / name).read_text("utf-8")
        shown = re.findall(r"images/[\w-]+\.png", text)
        assert shown
        assert all((gallery.DOCS / picture).is_file() for picture in shown), name


def test_every_view_that_the_gallery_draws_has_something_to_say() -> None:
    assert set(gallery.PLOTS) <= {view.name for view in gallery.gallery_report().views}
