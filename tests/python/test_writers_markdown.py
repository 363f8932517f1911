"""A report as Markdown: what of it is said, and that nothing in it means anything to Markdown or HTML."""

from __future__ import annotations

import html
import re

import pytest

import invented_report
from mpmt.views.view import Column, Table, View
from mpmt.writers.markdown import harmless, table_lines, text, view_lines
from test_hostile_text import BAD, HOSTILE
from test_writers_terminal import LONG, wild

REPORT = invented_report.report()
EVIL = ("<script>alert(1)</script>", "</details>", "[l](http://x.example)", "![i](http://x.example/i.png)", "`tick`", "a|b",
        "# title", "- item", "---", "=====", "@user #1", "www.example.org", "https://x.example", "*b* _i_ ~s~", "&lt;", "\\",
        ":tada:", "$x$", "<!--", HOSTILE, "\x1b[31m\u202e", "a\n\n# b")


def test_all_of_a_report_is_said() -> None:
    said = html.unescape(text(REPORT))
    for view in REPORT.views:
        for part in (view.title, view.question, *(f"**{sentence}**" for sentence in view.sentences)):
            assert part in said
    for part in ("cpu model Invented CPU", "- warning: a virtual machine (kvm)", "- 12 more are the same within 3 %",
                 "- Channels: no bare channel was measured: <code>mpmt run --family channel</code>"):
        assert part in said


def test_headings_are_underlined_and_no_line_is_a_command_to_a_ci() -> None:
    made = text(REPORT)
    assert "##" not in made and not re.search(r"^\s*::", made, re.M)
    assert re.search(r"^Which is faster, where: .*\n-+\n", made, re.M)


def test_numbers_are_aligned_right_and_written_in_their_unit() -> None:
    columns = Column("case"), Column("time", "ns"), Column("share", "share")
    heads, rule, row = table_lines(Table(columns, (("a", 1500.0, 0.031),)))
    assert heads.split() == ["|", "case", "|", "time", "|", "share", "|"] and row.split("|")[2:4] == [" 1.5 µs ", "   3.1 % "]
    assert [cell.startswith("-") for cell in rule.split("|")[1:4]] == [True] * 3 and len(heads) == len(rule) == len(row)


def test_a_long_table_is_folded_and_a_very_long_one_is_cut_as_well() -> None:
    made = table_lines(LONG)
    assert made[0] == "<details><summary>40 rows</summary>" and made[1] == "" and made[-1] == "</details>"
    assert sum(line.startswith("| workload_") for line in made) == 40
    rows = tuple((f"row_{at}", 1.0) for at in range(300))
    longer = Table((Column("a"), Column("b", "ratio")), rows, "Many")
    cut = table_lines(longer, whole=False)
    assert cut[0] == "<details><summary>Many: 100 rows</summary>" and cut[-1] == "- … 200 more: --all"
    assert sum(line.startswith("| row_") for line in table_lines(longer)) == 300


def test_a_report_of_many_rows_fits_a_comment() -> None:
    table = Table(tuple(Column(f"column {at}") for at in range(8)), (("a text" * 3,) * 8,) * 5000)
    view = View("v", "T", "", ("s",), (), (table,))
    assert len("\n".join(view_lines(view, whole=False))) < 65_536


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
def test_names_mean_nothing(name: str) -> None:
    made = harmless(name)
    assert not BAD.search(made) and "\n" not in made
    for meaning in ("<", ">", "](", "`", "|", "http://", "https://", "www.", "@user", " #1", "*b*", " _i_", "~s~", ":tada:",
                    "&lt;", "$x"):
        assert meaning not in made
    assert not re.match(r"#|- |---|===", made)


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
def test_a_report_of_such_names_has_the_tables_and_tags_of_one_with_plain_names(name: str) -> None:
    def form(made: str) -> list[str]:
        rows = [line.count("|") * "|" for line in made.splitlines() if line.startswith("|")]
        return re.findall(r"</?[a-z!][^>]*>", made) + rows
    assert form(text(wild(name), True)) == form(text(wild("plain"), True))


def test_names_that_mean_nothing_stay_readable() -> None:
    for name in ("hash_chain/channel:shm_ring/workers:2", "+4.6%", "-1.0% .. +4.4%", "(95 %: 1.14–1.22)", "std::string"):
        assert harmless(name) == name


def test_a_name_of_ten_megabytes_is_cut() -> None:
    assert len(text(wild("|" * 10_000_000), True)) < 1_000_000
