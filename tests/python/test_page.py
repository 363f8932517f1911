"""The page of a report, as text: it asks for nothing, runs nothing but its own, and holds sentences and tables as HTML."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from bench import ROOT
from invented_report import report
from mpmt.views.view import Point, Report
from mpmt.writers import page
from mpmt.writers.page import PARTS, html

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u2028\u202e\x1b[31m\x00{{7*7}}"


def renamed(value: Any, name: str) -> Any:
    """A report all of whose texts are `name`, but for what is ours: kinds, units, sides, names of views."""
    ours = {"kind", "unit", "side", "verdict", "table", "marks"}
    if isinstance(value, str):
        return name
    if isinstance(value, tuple):
        return tuple(renamed(one, name) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{field.name: renamed(getattr(value, field.name), name)
                                             for field in dataclasses.fields(value) if field.name not in ours})
    return value


class Elements(HTMLParser):
    """Of a page: its elements with their attributes, and the text of each kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, list[str]] = {}
        self._within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._within:
            self.texts.setdefault(self._within[-1], []).append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def data_of(text: str) -> Any:
    return json.loads(re.search(r'<script type="application/json" id="page.data">(.*?)</script>', text, re.DOTALL)[1])


def test_a_page_of_ordinary_size_is_below_its_limit() -> None:
    assert len(html(report()).encode("utf-8")) < 1_000_000


def test_nothing_but_its_own_scripts_and_style_is_allowed_to_it() -> None:
    text = html(report())
    policy = next(one["content"] for one in Elements(text).of("meta") if one.get("http-equiv") == "Content-Security-Policy")
    said = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert said["default-src"] == "'none'" and "unsafe" not in policy

    def hashes(pattern: str) -> set[str]:
        return {f"'sha256-{base64.b64encode(hashlib.sha256(one.encode('utf-8')).digest()).decode()}'"
                for one in re.findall(pattern, text, re.DOTALL)}

    assert set(said["script-src"].split()) == hashes(r"<script(?: type=\"module\")?>(.*?)</script>")
    assert set(said["style-src"].split()) == hashes(r"<style>(.*?)</style>")


def test_it_names_nothing_that_would_be_fetched() -> None:
    for tag, attributes in Elements(html(report())).found:
        for name in ("src", "href", "action", "poster", "srcset", "style"):
            said = attributes.get(name)
            assert said is None or said.startswith("#") or said == "data:,", (tag, name, said)


def test_hostile_names_add_no_element_and_no_attribute() -> None:
    def shape(text: str) -> list[tuple[str, list[str]]]:
        return [(tag, sorted(attributes)) for tag, attributes in Elements(text).found]

    assert shape(html(renamed(report(), HOSTILE))) == shape(html(renamed(report(), "harmless")))


def test_no_text_of_a_report_reaches_the_page_with_control_characters_or_turned_around() -> None:
    text = html(renamed(report(), HOSTILE))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text)
    assert "\\u202e" in "".join(Elements(text).texts["h1"]) and "{{7*7}}" in "".join(Elements(text).texts["h1"])


def test_names_of_megabytes_are_cut() -> None:
    assert len(html(renamed(report(), "x" * 10_000_000))) < 2_000_000


def test_two_panels_of_one_name_have_two_places() -> None:
    made = report()
    chart = made.views[0].charts[0]
    twins = dataclasses.replace(chart, panels=(chart.panels[0],) * 3)
    text = html(dataclasses.replace(made, views=(dataclasses.replace(made.views[0], charts=(twins,)),)))
    ids = [one["id"] for one in Elements(text).of("figure")]
    assert len(ids) == len(set(ids)) == 3
    assert ids == [panel["id"] for panel in data_of(text)["charts"][0]["panels"]]


@pytest.mark.parametrize("name", ["", "main", "data", "case", "theme", "title", "missing", "__proto__"])
def test_every_id_is_there_once_and_every_link_leads_somewhere(name: str) -> None:
    """Whatever a view is called."""
    made = report()
    views = (dataclasses.replace(made.views[0], name=name), *made.views[1:]) if name else made.views
    elements = Elements(html(dataclasses.replace(made, views=views)))
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {one["href"][1:] for one in elements.of("a")} <= set(ids)


def test_what_is_not_measured_names_what_would_measure_it() -> None:
    text = html(report())
    assert "mpmt run --family channel" in Elements(text).texts["code"]
    assert any("nothing measures them yet" in said for said in Elements(text).texts["li"])


def test_a_number_that_is_none_is_refused() -> None:
    made = report()
    view = made.views[0]
    panel = view.charts[0].panels[0]
    series = dataclasses.replace(panel.series[0], points=(Point(1, math.nan),))
    chart = dataclasses.replace(view.charts[0], panels=(dataclasses.replace(panel, series=(series,)),))
    with pytest.raises(ValueError):
        html(dataclasses.replace(made, views=(dataclasses.replace(view, charts=(chart,)),)))


def test_a_report_of_nothing_is_a_page_without_selectors() -> None:
    text = html(Report("mpmt", (), ()))
    assert "output" not in Elements(text).texts and not Elements(text).of("form")


def test_the_bundle_is_what_its_manifest_says() -> None:
    manifest = json.loads((PARTS / "echarts.json").read_text("utf-8"))
    bundle = (PARTS / "echarts.min.js").read_bytes()
    assert (len(bundle), hashlib.sha256(bundle).hexdigest()) == (manifest["bytes"], manifest["sha256"])
    asked = json.loads((ROOT / "scripts" / "page_bundle" / "package.json").read_text("utf-8"))["devDependencies"]
    assert (manifest["packages"]["echarts"], manifest["esbuild"]) == (asked["echarts"], asked["esbuild"])
    assert f"Apache ECharts {asked['echarts']}" in bundle[:200].decode("ascii")


def test_all_parts_of_the_page_are_in_it() -> None:
    assert {path.stem for path in PARTS.glob("*.js")} == {*page.SCRIPTS, "echarts.min"}
    assert "</script" not in "".join(path.read_text("utf-8").lower() for path in PARTS.glob("*.js"))
