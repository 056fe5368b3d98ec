"""The parts of the page as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from DualSSLSegLib.report.case_picture import View
from DualSSLSegLib.report.charts import line_chart, reliability_chart, scatter_chart, strip_chart
from DualSSLSegLib.report.model import (
    Accuracy,
    CaseCard,
    Headline,
    QueueEntry,
    Reliability,
    Round,
    StructureScore,
    UncertaintyCheck,
)


def tiles(headlines: Sequence[Headline]) -> str:
    cells = (
        f'<div class="tile"><b>{escape(item.value)}</b><span>{escape(item.label)}</span>'
        f"<small>{escape(item.detail)}</small></div>"
        for item in headlines
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def bullet_list(sentences: Iterable[str], css: str) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="{css}">{items}</ul>' if items else ""


def picture_legend(reference: bool, uncertainty: bool) -> str:
    parts = ['<span class="chip"><i class="stroke prediction"></i>prediction</span>']
    if reference:
        parts.append('<span class="chip"><i class="stroke reference"></i>reference</span>')
    if uncertainty:
        parts.append('<span class="chip">uncertainty 0 <i class="scale"></i> 1</span>')
    parts.append("<span>R right, L left, A front, P back, S head, I feet of the patient</span>")
    parts.append("<span>white bar: 10 mm (50 mm in large scans)</span>")
    return f'<div class="legend">{"".join(parts)}</div>'


def case_card(card: CaseCard) -> str:
    """A case in all drawn planes: outlines above, uncertainty below, all at one scale."""
    columns = " ".join(f"{view.width_mm:.4g}fr" for view in card.views)
    heats = [view.heat for view in card.views if view.heat is not None]
    pictures = "".join([view.outlined for view in card.views] + heats)
    numbers = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in card.numbers
    )
    remarks = "".join(f"<p>{escape(remark)}</p>" for remark in card.remarks)
    return (
        f'<article class="card"><div class="views" style="grid-template-columns:{columns}">{pictures}</div>'
        f'<div class="beside"><b>{escape(card.case)}</b><div class="role">{escape(card.role)}</div>'
        f"<table>{numbers}</table>{remarks}</div></article>"
    )


def thumbnail(card: CaseCard) -> str:
    """A case in one plane, outlines beside uncertainty."""
    numbers = " · ".join(f"{escape(name)} {escape(value)}" for name, value in card.numbers)
    return (
        f'<div class="thumb">{_pair(card.views[0]) if card.views else ""}<b>{escape(card.case)}</b>'
        f"<div>{escape(card.role)}</div><div>{numbers}</div></div>"
    )


def queue(entries: Sequence[QueueEntry]) -> str:
    rows = []
    for entry in entries:
        picture = (
            f'<div class="thumb">{_single(entry.view)}</div>' if entry.view is not None else "<div></div>"
        )
        score = "" if entry.score is None else f"{entry.score:.2f}<small>estimated error</small>"
        rows.append(
            f'<li><div class="place">{entry.place}</div>{picture}<div class="why"><b>{escape(entry.case)}</b>'
            f'{escape(entry.reason)}</div><div class="score">{score}</div></li>'
        )
    return f'<ol class="queue">{"".join(rows)}</ol>'


def accuracy(part: Accuracy) -> str:
    """Dice and distances per structure, round under round, and every case's Dice as a dot.

    A structure that a round did not know has dashes in its row.
    """
    structures = dict.fromkeys(score.structure for _, scores in part.rounds for score in scores)
    rows: list[str] = []
    strips: list[tuple[str, list[tuple[str, Sequence[float]]]]] = []
    for structure in structures:
        points: list[tuple[str, Sequence[float]]] = []
        first = _score_of(structure, part.rounds[0][1])
        for place, (name, scores) in enumerate(part.rounds):
            score = _score_of(structure, scores)
            rows.append(
                _accuracy_row(
                    structure if place == 0 else "", name, score, first=place == 0, best=_better(score, first)
                )
            )
            points.append((name, score.dice_per_case if score else ()))
        strips.append((structure, points))
    head = "".join(
        f"<th{css}>{name}</th>"
        for name, css in (
            ("structure", ""),
            ("after", ' class="text"'),
            ("Dice", ""),
            ("95 % Hausdorff, mm", ""),
            ("mean surface distance, mm", ""),
            ("not found", ""),
            ("cases", ""),
        )
    )
    strip = strip_chart(strips, title=f"Dice of every case, {part.group}")
    return (
        f'<h3>{escape(part.group)}</h3><p class="hint">{escape(part.explanation)}</p>'
        f'<div class="wide"><table><thead><tr>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<div class="charts" style="margin-top:14px">{strip}</div>'
    )


def uncertainty(check: UncertaintyCheck) -> str:
    chart = scatter_chart(
        check.dots,
        check.groups,
        x_label=check.x_label,
        y_label="Dice with the reference",
        title="Case score against true Dice",
    )
    return f'<div class="charts">{chart}<div>{bullet_list(check.sentences, "statements")}</div></div>'


def reliability(found: Reliability) -> str:
    chart = reliability_chart(found.series, title="Reliability")
    return f'<div class="charts">{chart}<div>{bullet_list((found.sentence,), "statements")}</div></div>'


def training_round(item: Round) -> str:
    charts = []
    for curves in item.curves:
        chart = line_chart(
            curves.series, x_label="step", y_label=curves.y_label, title=f"{item.name}: {curves.title}"
        )
        charts.append(chart.replace("<figure>", f"<figure><h4>{escape(curves.title)}</h4>", 1))
    return (
        f'<h3>{escape(item.name)}</h3>{facts(item.facts)}<div class="charts">{"".join(charts)}</div>'
        + bullet_list(item.notes, "statements")
    )


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="facts">{rows}</dl>' if rows else ""


def _pair(view: View) -> str:
    if view.heat is None:
        return f'<div class="pair single">{view.outlined}</div>'
    return f'<div class="pair">{view.outlined}{view.heat}</div>'


def _single(view: View) -> str:
    return f'<div class="pair single">{view.heat or view.outlined}</div>'


def _score_of(structure: str, scores: Sequence[StructureScore]) -> StructureScore | None:
    return next((score for score in scores if score.structure == structure), None)


def _better(score: StructureScore | None, before: StructureScore | None) -> bool:
    if score is None or before is None or score.dice.mean is None or before.dice.mean is None:
        return False
    return score.dice.mean > before.dice.mean


def _accuracy_row(structure: str, name: str, score: StructureScore | None, *, first: bool, best: bool) -> str:
    cells = ("–",) * 5
    if score is not None:
        invented = f" (+{score.false_alarms} invented)" if score.false_alarms else ""
        cells = (
            score.dice.text(3),
            score.hd95_mm.text(2),
            score.asd_mm.text(2),
            f"{score.missed}{invented}",
            str(score.dice.number),
        )
    dice, *others = cells
    return (
        f'<tr{" class=first" if first else ""}><td>{escape(structure)}</td><td class="text">{escape(name)}</td>'
        f"<td{' class=best' if best else ''}>{dice}</td>{''.join(f'<td>{cell}</td>' for cell in others)}</tr>"
    )
