"""The page of a report, in a browser: for whoever reads it with eyes, keys, a screen reader, a phone, on paper or without scripts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from browser import Browser
from invented_report import report
from mpmt.records.record_file import BadRecord, load
from mpmt.writers.page import html
from test_page import HOSTILE, renamed

NO_OVERFLOW = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
PAINTED = """[...document.querySelectorAll('.chart canvas')].filter((canvas) =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value)).length"""
CHARTS = sum(len(chart.panels) for view in report().views for chart in view.charts)


def pixel(browser: Browser, colour: str) -> bool:
    """Whether some chart has it, about."""
    return bool(browser.evaluate("""((wanted) => [...document.querySelectorAll('.chart canvas')].some((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] > 250 && [0, 1, 2].every((part) => Math.abs(data[at + part] - parseInt(wanted.slice(1 + 2 * part, 3 + 2 * part), 16)) < 3)) return true;
      }
      return false;
    }))(%s)""" % json.dumps(colour)))  # noqa: UP031


def draw_all(browser: Browser) -> None:
    """Goes past every chart, as a reader who scrolls; returns when all are drawn."""
    browser.evaluate("""(async () => {
      for (const figure of document.querySelectorAll('figure')) {
        figure.scrollIntoView({ behavior: 'instant' });
        while (!figure.querySelector('canvas')) await new Promise(requestAnimationFrame);
      }
    })()""")


def test_it_asks_for_itself_only_and_nothing_is_wrong(browser: Browser) -> None:
    browser.open(html(report()))
    draw_all(browser)
    browser.expect_quiet()
    assert browser.evaluate(PAINTED) == CHARTS


def test_its_policy_holds(browser: Browser) -> None:
    """That no test of it is quiet because nothing is watched."""
    browser.open(html(report()))
    browser.evaluate("(() => { const script = document.createElement('script'); script.textContent = 'window.ran = 1'; document.body.append(script); })()")
    browser.evaluate("new Promise((resolve) => { const image = new Image(); image.onerror = resolve; image.src = 'https://localhost:9/x.png'; })")
    assert browser.evaluate("window.ran === undefined")
    assert len([one for one in browser.ask("said")["complaints"] if "Content Security Policy" in one]) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_there_is_nothing_that_axe_objects_to(browser: Browser, scheme: str, width: int) -> None:
    browser.open(html(report()), scheme=scheme, width=width)
    draw_all(browser)
    browser.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.ask("accessibility") == []


@pytest.mark.parametrize("width", [360, 390, 768, 1920])
def test_nothing_is_wider_than_the_screen(browser: Browser, width: int) -> None:
    for text in (html(report()), html(renamed(report(), "a_long_name_without_a_break" * 8))):
        browser.open(text, width=width)
        browser.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        draw_all(browser)
        assert browser.evaluate(NO_OVERFLOW)


def test_charts_follow_the_width_of_the_window(browser: Browser) -> None:
    browser.open(html(report()), width=1200)
    browser.ask("resize", width=360)
    browser.evaluate("""(async () => { while ([...document.querySelectorAll('canvas')].some((one) => one.clientWidth > 360)) {
      await new Promise(requestAnimationFrame); } })()""")
    assert browser.evaluate(NO_OVERFLOW)


def test_the_theme_is_that_of_the_system_until_another_is_chosen_and_then_it_stays(browser: Browser) -> None:
    text = html(report())
    back = "getComputedStyle(document.body).backgroundColor"
    browser.open(text, scheme="dark")
    dark = browser.evaluate(back)
    assert pixel(browser, "#56B4F5") and not pixel(browser, "#0072B2")
    browser.evaluate("document.getElementById('page.theme').click()")
    assert browser.evaluate(back) != dark
    assert pixel(browser, "#0072B2") and not pixel(browser, "#56B4F5")
    address = browser.evaluate("location.hash")
    assert "theme=light" in address
    browser.open(text, address, scheme="dark")
    assert browser.evaluate(back) != dark


def test_a_link_leads_to_a_single_chart_and_says_what_was_open(browser: Browser) -> None:
    text = html(report())
    browser.open(text, "#latency/memory?open=table.scaling.0")
    assert browser.evaluate("document.querySelector('figure.target').id") == "latency/memory"
    assert browser.evaluate("document.querySelector('figure.target canvas') !== null")
    assert browser.evaluate("[...document.querySelectorAll('details[open]')].map((one) => one.id)") == ["table.scaling.0"]
    browser.evaluate("document.querySelector('figure.target .tools a').click()")
    browser.evaluate("new Promise((resolve) => setTimeout(resolve))")
    assert browser.evaluate("location.hash") == "#latency/memory?open=table.scaling.0"


def test_a_link_to_nowhere_is_harmless(browser: Browser) -> None:
    for address in ("#nothing/here", "#%", "#?task=%3Cscript%3E&theme=pink&open=,,&record=99&workload=none", "#" + "x" * 10_000):
        browser.open(html(report()), address)
        browser.expect_quiet()
    assert browser.evaluate("window.getSelection() !== null")


def test_columns_sort_as_numbers(browser: Browser) -> None:
    browser.open(html(report()))
    column = """[...document.querySelector('#table\\\\.scaling\\\\.0 table').tBodies[0].rows].map((row) => Number(row.cells[3].dataset.v))"""
    button = "document.querySelectorAll('#table\\\\.scaling\\\\.0 thead button')[3].click()"
    before = browser.evaluate(column)
    browser.evaluate(button)
    assert browser.evaluate(column) == sorted(before) != before
    assert browser.evaluate("document.querySelector('[aria-sort]').textContent") == "speed-up"
    browser.evaluate(button)
    assert browser.evaluate(column) == sorted(before, reverse=True)


def test_a_point_says_what_it_is_to_who_steps_through_a_chart_with_keys(browser: Browser) -> None:
    browser.open(html(report()))
    browser.evaluate("document.getElementById('scaling/prime_count').querySelector('.chart').focus()")
    for _ in range(4):
        browser.ask("press", key="ArrowRight")
    said = browser.evaluate("document.getElementById('page.tip').innerText")
    assert said.split("\n") == ["threads over shm_ring", "workers: 8", "speed-up: 7.36", "from 6.99 to 7.73", "oversubscribed: more workers than CPUs"]
    browser.ask("press", key="Escape")
    assert browser.evaluate("document.getElementById('page.tip').hidden")


def test_a_series_can_be_hidden(browser: Browser) -> None:
    browser.open(html(report()))
    one = "document.getElementById('scaling/prime_count')"
    canvas = f"{one}.querySelector('canvas').toDataURL()"
    before = browser.evaluate(canvas)
    browser.evaluate(f"{one}.querySelector('.legend button').click()")
    assert browser.evaluate(canvas) != before
    browser.evaluate(f"{one}.querySelector('.legend button').click()")
    assert browser.evaluate(canvas) == before


def saved(browser: Browser, figure: str, kind: str) -> str:
    """What a chart's button saves: text, or the first bytes of what is none."""
    return str(browser.evaluate("""(async () => {
      const made = new Promise((resolve) => { const was = URL.createObjectURL; URL.createObjectURL = (blob) => {
        URL.createObjectURL = was; resolve(blob); return 'blob:null/none'; }; });
      const click = HTMLAnchorElement.prototype.click;
      HTMLAnchorElement.prototype.click = () => {};
      [...document.getElementById(%s).querySelectorAll('.tools button')].find((one) => one.textContent === %s).click();
      const blob = await made;
      HTMLAnchorElement.prototype.click = click;
      return %s === 'PNG' ? String.fromCharCode(...new Uint8Array(await blob.slice(0, 4).arrayBuffer())) + blob.size : blob.text();
    })()""" % (json.dumps(figure), json.dumps(kind), json.dumps(kind))))  # noqa: UP031


def test_a_chart_can_be_taken_along_as_png_svg_and_csv(browser: Browser) -> None:
    browser.open(html(report()))
    draw_all(browser)
    for figure in browser.evaluate("[...document.querySelectorAll('figure')].map((one) => one.id)"):
        assert saved(browser, figure, "PNG")[:4] == "\x89PNG"
        picture = saved(browser, figure, "SVG")
        assert browser.evaluate(f"new DOMParser().parseFromString({json.dumps(picture)}, 'image/svg+xml').querySelector('parsererror') === null")
    lines = saved(browser, "scaling/prime_count", "CSV").split("\r\n")
    assert lines[0] == "series,side,channel,workers [count],speed-up [ratio],low,high,value,marks,text"
    assert lines[1].startswith("threads over shm_ring,threads,shm_ring,1,0.99,") and len(lines) == 1 + 12 + 1
    assert "64 KiB" in saved(browser, "where/hash_chain", "CSV")


def test_a_name_is_no_formula_to_a_spreadsheet(browser: Browser) -> None:
    browser.open(html(renamed(report(), "=1+1")))
    assert saved(browser, str(browser.evaluate("document.querySelector('figure').id")), "CSV").split("\r\n")[1].startswith("'=1+1,")


def test_without_scripts_sentences_and_tables_are_there_and_what_lacks_is_said(browser: Browser) -> None:
    browser.open(html(report()), script=False)
    text = browser.evaluate("document.body.innerText")
    for view in report().views:
        for sentence in view.sentences:
            assert sentence in text
    assert "runs no scripts" in text and "mpmt run --family channel" in text
    assert browser.evaluate("[...document.querySelectorAll('.chart, form, .tools button')].every((one) => !one.offsetHeight)")
    browser.evaluate("document.querySelector('details.table summary').click()")
    assert browser.evaluate("document.querySelector('table.sorts').offsetHeight > 100")
    browser.expect_quiet()


def test_on_paper_all_charts_are_drawn_in_light(browser: Browser, tmp_path: Path) -> None:
    browser.open(html(report()), scheme="dark", height=300)
    assert browser.evaluate(PAINTED) < CHARTS
    browser.ask("pdf", path=str(tmp_path / "page.pdf"))
    assert (tmp_path / "page.pdf").read_bytes()[:5] == b"%PDF-"
    assert browser.evaluate(PAINTED) == CHARTS
    browser.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert pixel(browser, "#0072B2") and not pixel(browser, "#56B4F5")
    browser.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert pixel(browser, "#56B4F5") and not pixel(browser, "#0072B2")


def test_nothing_moves_for_who_wants_no_motion(browser: Browser) -> None:
    for motion, wanted in (("reduce", "auto"), ("no-preference", "smooth")):
        browser.open(html(report()), motion=motion)
        assert browser.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == wanted


@pytest.mark.parametrize("name", [HOSTILE, "\u202egnp.exe\u2066", "<img src=x onerror=window.ran=1>", "javascript:window.ran=1",
                                  "{a|rich}", "${window.ran=1}", "__proto__", "constructor", "x" * 10_000_000],
                         ids=["tags", "turned around", "image", "address", "rich text", "template", "prototype", "constructor", "10 MB"])
def test_hostile_names_are_shown_and_never_run(browser: Browser, name: str) -> None:
    browser.open(html(renamed(report(), name)))
    draw_all(browser)
    browser.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    browser.evaluate("document.querySelectorAll('.legend button, thead button, button.theme').forEach((one) => one.click())")
    assert browser.evaluate("window.ran === undefined && document.images.length === 0")
    assert browser.evaluate(NO_OVERFLOW)
    browser.expect_quiet()


def test_hostile_names_are_harmless_in_what_is_taken_along(browser: Browser) -> None:
    browser.open(html(renamed(report(), HOSTILE)))
    draw_all(browser)
    for figure in browser.evaluate("[...document.querySelectorAll('figure')].map((one) => one.id)"):
        picture = saved(browser, figure, "SVG")
        assert browser.evaluate(f"""(() => {{ const made = new DOMParser().parseFromString({json.dumps(picture)}, 'image/svg+xml');
            return made.querySelectorAll('parsererror, script, img, image, foreignObject').length; }})()""") == 0


def test_a_record_with_a_number_that_is_none_never_becomes_a_page(golden_text: str, tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(golden_text.replace('"wall_ns":', '"wall_ns": NaN, "not":', 1))
    assert path.read_text() != golden_text
    with pytest.raises(BadRecord, match="NaN"):
        load(path)


def test_several_records_are_named_each_with_its_facts(browser: Browser) -> None:
    made = report()
    two = dataclasses.replace(made, subjects=(*made.subjects, dataclasses.replace(made.subjects[0], title="cafe")))
    browser.open(html(two))
    assert browser.evaluate("[...document.querySelectorAll('.facts summary')].map((one) => one.textContent.split(':')[0])") == ["deadbeef", "cafe"]
