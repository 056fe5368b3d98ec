"""The page stands alone, says first which data it shows, and leaves out what was not measured."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from support.fabricated_report import fabricated_report

from DualSSLSegLib.report.axes import WIDTH, ticks
from DualSSLSegLib.report.charts import Series, line_chart, strip_chart
from DualSSLSegLib.report.model import Report, Spread
from DualSSLSegLib.report.page import page, write_page

_VOID = {"meta", "br", "hr", "img", "link", "input"}


class _Reader(HTMLParser):
    """Checks that tags are closed in order and collects what the page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href") and not (value or "").startswith(("#", "data:")):
                self.fetched.append(value or "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1] not in ("style", "title"):
            self.text.append(data.strip())


@pytest.fixture(scope="module")
def report() -> Report:
    return fabricated_report()


def _read(text: str) -> _Reader:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_is_whole_and_fetches_nothing(report: Report) -> None:
    text = page(report)
    reader = _read(text)
    assert reader.fetched == []
    assert len(reader.ids) == len(set(reader.ids))
    assert "<script" not in text
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(reader.ids)


def test_the_first_line_says_which_data(report: Report) -> None:
    assert _read(page(report)).text[0] == report.data
    generated = replace(report, data="Data: generated phantom.", generated=True)
    assert '<p class="data generated">Data: generated phantom.</p>' in page(generated)


def test_every_number_of_the_report_is_on_the_page(report: Report) -> None:
    text = " ".join(_read(page(report)).text)
    for headline in report.headlines:
        assert headline.value in text
    for entry in report.queue:
        assert entry.reason in text
    for _, scores in report.accuracy[0].rounds:
        for score in scores:
            assert score.dice.text(3) in text
            assert score.hd95_mm.text(2) in text


def test_without_references_no_accuracy_is_claimed() -> None:
    text = page(fabricated_report(reference=False))
    _read(text)
    assert "Hausdorff" not in text
    assert "Does it know" not in text
    assert 'class="reference"' not in text
    assert "What to review next" in text


def test_names_from_the_user_cannot_break_the_page(report: Report) -> None:
    card = replace(report.cards[0], case='<script>alert("x")</script> & co')
    text = page(replace(report, cards=(card,), title='A "study" <b>', data="<img src=x>"))
    _read(text)
    assert "<script" not in text
    assert "<img" not in text


def test_writing_replaces_the_page_in_one_step(report: Report, tmp_path: Path) -> None:
    target = write_page(tmp_path / "report" / "index.html", replace(report, cards=(), gallery=()))
    first = target.read_text(encoding="utf-8")
    write_page(target, report)
    assert first != target.read_text(encoding="utf-8")
    assert [path.name for path in target.parent.iterdir()] == ["index.html"]


def test_a_curve_with_gaps_is_drawn_from_what_there_is() -> None:
    drawn = line_chart(
        [Series("a", [0, 1, 2, 3], [1.0, None, float("nan"), 0.5]), Series("b", [], [])],
        x_label="step", y_label="loss", title="t",
    )  # fmt: skip
    assert drawn.count("<polyline") == 1
    assert "nan" not in drawn.lower()
    assert line_chart([Series("b", [], [])], x_label="", y_label="", title="") == ""


def test_a_long_curve_is_thinned_but_keeps_its_course() -> None:
    steps = np.arange(20_000)
    drawn = line_chart(
        [Series("a", steps.tolist(), (1.0 / (1 + steps / 500)).tolist())], x_label="", y_label="", title=""
    )
    assert len(drawn) < 20_000


def test_a_long_curve_is_drawn_to_its_last_step() -> None:
    steps = np.arange(1, 602)  # three to a point, and one that is left over
    drawn = line_chart(
        [Series("a", steps.tolist(), (steps == 601).astype(float).tolist())], x_label="", y_label="", title=""
    )
    raw = re.findall('class="raw" [^>]*points="([^"]*)"', drawn)[0].split()
    assert len(raw) <= 301
    right, bottom = raw[-1].split(",")
    assert float(right) == WIDTH - 12
    assert float(bottom) < float(raw[0].split(",")[1])


def test_a_flat_curve_and_a_single_point_have_axes() -> None:
    for values in ([0.5], [0.5, 0.5], [0.0, 0.0]):
        assert "<polyline" in line_chart(
            [Series("a", list(range(len(values))), values)], x_label="", y_label="", title=""
        )


def test_a_strip_of_perfect_cases_only_is_drawn() -> None:
    assert strip_chart([("a", [("round 1", [1.0, 1.0])])], title="").count("<circle") == 2


@pytest.mark.parametrize("low, high", [(0, 1), (0.83, 0.91), (0, 12345), (-0.2, 0.3), (0, 1e-6), (3, 3)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    values = ticks(low, high)
    assert 1 <= len(values) <= 11
    span = high - low
    assert all(low - 1e-9 * span <= value <= high + 1e-9 * span for value in values)


def test_the_spread_leaves_out_what_is_undefined() -> None:
    assert Spread.of([0.8, None, 0.9]).text(2) == "0.85 ± 0.07"
    assert Spread.of([None]).text(2) == "–"
    assert Spread.of([0.5]).text(1) == "0.5"
    assert strip_chart([("a", [("round 1", [])])], title="") == ""
