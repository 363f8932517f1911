"""A report as one HTML file that holds all it needs: it opens from disk, asks nothing of a network, and runs no script but its
own (a Content-Security-Policy names each by its hash).

All text of a report is untrusted. Into HTML it comes through Jinja's escaping, into the scripts as JSON in which no character
can end the element; before that, `shown` has made it harmless to the eye."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

import jinja2
from markupsafe import Markup

from mpmt.answers import rows as rows_module
from mpmt.answers import words
from mpmt.base.shown import shown
from mpmt.views.view import Axis, Chart, Panel, Point, Report, Series, Value

PARTS = Path(__file__).with_name("page_parts")
# In the order in which they are joined: one module, so that none of their names is anybody else's.
SCRIPTS = ("words", "verdict", "address", "selectors", "tables", "look", "scales", "drawing", "charts", "copying", "main")
NAME_LIMIT, TEXT_LIMIT = 160, 2000  # characters that are shown of a name, and of all else
# What could end a <script>, or be no character of a script.
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def html(report: Report) -> str:
    """The page of a report. Raises ValueError where a number is not finite."""
    charts = _charts(report)
    verdict = next((view for view in report.views if view.name == "verdict"), None)
    style, bundle, script = _part("page.css"), _part("echarts.min.js"), "".join(_part(f"{name}.js") for name in SCRIPTS)
    rows = rows_module.plain(report.rows)
    data = {"subjects": [_name(subject.title) for subject in report.subjects], "rows": _rows(rows), "charts": list(charts.values())}
    return _template().render(
        report=report, verdict=verdict, charts=charts, rows=rows, data=_json(data), style=Markup(style), script=Markup(script),
        bundle_script=Markup(bundle), bundle=json.loads(_part("echarts.json")), licences=Markup.escape(_part("echarts.LICENSE.txt")),
        policy=Markup(_policy(style, (bundle, script))))


def _policy(style: str, scripts: Iterable[str]) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    return (f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; img-src data: blob:; base-uri 'none'; "
            "form-action 'none'")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


@lru_cache(maxsize=None)
def _part(name: str) -> str:
    return (PARTS / name).read_text("utf-8")


@lru_cache(maxsize=None)
def _template() -> jinja2.Template:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(str(PARTS)), autoescape=True, undefined=jinja2.StrictUndefined,
                                     finalize=_harmless, trim_blocks=False)
    environment.filters.update(name=_name, id=_id, cell=_cell)
    return environment.get_template("page.html")


def _harmless(value: object) -> object:
    """Whatever a template writes that is not its own markup."""
    return value if isinstance(value, Markup) else shown(value, TEXT_LIMIT)


def _name(text: object) -> str:
    return shown(text, NAME_LIMIT)


def _id(text: str) -> str:
    """Fit for an element's id and for the address. Ids of the page's own have a full stop in them, and so meet none of these."""
    return re.sub(r"[^A-Za-z0-9_+-]", "-", text[:80]).strip("_") or "-"


def _cell(value: Optional[Value], unit: str) -> Markup:
    """A cell of a table; numbers carry themselves along, to be sorted by."""
    if value is None:
        return Markup('<td class="number">–</td>' if unit else "<td>–</td>")
    if isinstance(value, str):
        return Markup("<td>{}</td>").format(_name(value))
    text = words.significant(value) if not unit else words.in_unit(value, unit)
    return Markup('<td data-v="{}">{}</td>').format(f"{value:.8g}", text)


# ---- what the scripts read ---------------------------------------------------------------------------------


def _json(document: Any) -> Markup:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_UNSAFE))


def _rows(rows: Iterable[rows_module.Row]) -> Mapping[str, Any]:
    columns = [field.name for field in dataclasses.fields(rows_module.Row)]
    return {"columns": columns, "values": [[_shown_text(getattr(row, column)) for column in columns] for row in rows]}


def _shown_text(value: object) -> object:
    return _name(value) if isinstance(value, str) else value


def _charts(report: Report) -> dict[tuple[int, int], dict[str, Any]]:
    """By the places of view and chart. The ids of panels are unique in the page."""
    ids: set[str] = set()
    return {(at, index): _chart(chart, _id(view.name), ids) for at, view in enumerate(report.views)
            for index, chart in enumerate(view.charts)}


def _chart(chart: Chart, view: str, ids: set[str]) -> dict[str, Any]:
    return {"kind": chart.kind, "title": _name(chart.title), "reading": shown(chart.reading, TEXT_LIMIT), "x": _axis(chart.x),
            "y": _axis(chart.y), "value": _axis(chart.value), "panels": [_panel(chart, panel, view, ids) for panel in chart.panels]}


def _axis(axis: Axis) -> dict[str, Any]:
    return {"label": _name(axis.label), "unit": axis.unit, "log": axis.log,
            "values": None if axis.values is None else [_name(value) for value in axis.values]}


def _panel(chart: Chart, panel: Panel, view: str, ids: set[str]) -> dict[str, Any]:
    place = f"{view}/{_id(panel.name)}"
    unique = next(name for number in range(len(ids) + 2) if (name := place + (f"+{number}" if number else "")) not in ids)
    ids.add(unique)
    return {"id": unique, "title": _name(panel.title), "note": shown(panel.note, TEXT_LIMIT),
            "series": [_series(chart, series) for series in panel.series],
            "lines": [{"at": line.at, "label": _name(line.label), "until": line.until} for line in panel.lines]}


def _series(chart: Chart, series: Series) -> dict[str, Any]:
    x, y = _places(chart.x), _places(chart.y)
    points = [_point(point, x, y) for point in series.points]
    return {"name": _name(series.name), "side": series.side, "channel": _name(series.channel), "number": series.number,
            "line": series.line, "band": series.band, "points": [point for point in points if None not in point[:2]]}


def _places(axis: Axis) -> Optional[Mapping[str, int]]:
    return None if axis.values is None else {value: at for at, value in enumerate(axis.values)}


def _point(point: Point, x: Optional[Mapping[str, int]], y: Optional[Mapping[str, int]]) -> list[Any]:
    """Categories as places among their axis's; without what it has nothing of at its end."""
    made = [_place(point.x, x), _place(point.y, y), point.low, point.high, point.value, list(point.marks) or None,
            _name(point.text) if point.text else None]
    while len(made) > 2 and made[-1] is None:
        made.pop()
    return made


def _place(value: Value, places: Optional[Mapping[str, int]]) -> Optional[Value]:
    if places is not None:
        return places.get(str(value))
    return None if isinstance(value, str) else value
