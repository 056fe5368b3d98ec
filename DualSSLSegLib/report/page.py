"""The report as one self-contained HTML page: no script, no other file, nothing fetched."""

from __future__ import annotations

from html import escape
from pathlib import Path

from DualSSLSegLib.atomic import write_bytes
from DualSSLSegLib.report import sections
from DualSSLSegLib.report.model import Report
from DualSSLSegLib.report.style import STYLE


def write_page(path: Path, report: Report) -> Path:
    """Write the page to `path` in one step and return it."""
    write_bytes(path, page(report).encode("utf-8"))
    return path


def page(report: Report) -> str:
    """The whole page as text."""
    body = [
        f'<p class="data{" generated" if report.generated else ""}">{escape(report.data)}</p>',
        f'<h1>{escape(report.title)}</h1><p class="lead">{escape(report.summary)}</p>',
        sections.tiles(report.headlines),
        sections.bullet_list(report.statements, "statements"),
    ]
    parts = _parts(report)
    if len(parts) > 2:
        links = "".join(f'<a href="#{key}">{escape(title)}</a>' for key, title, _ in parts)
        body.append(f"<nav>{links}</nav>")
    body += [
        f'<section id="{key}"><h2>{escape(title)}</h2>{content}</section>' for key, title, content in parts
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n<footer>Written by DualSSLSeg. A research program: not a medical device, not for clinical decisions."
        "</footer></main></body></html>\n"
    )


def _parts(report: Report) -> list[tuple[str, str, str]]:
    """(id, title, content) of every part that has something to show."""
    parts = []
    if report.queue:
        hint = "Most worth a look first, with the measured reason. The picture shows where the networks are uncertain."
        shadow = (
            f'<p class="hint" style="margin-top:12px">{escape(report.shadow)}</p>' if report.shadow else ""
        )
        parts.append(
            (
                "queue",
                "What to review next",
                f'<p class="hint">{hint}</p>{sections.queue(report.queue)}{shadow}',
            )
        )
    if report.cards:
        parts.append(("cases", "Cases", _cases(report)))
    if report.accuracy:
        parts.append(("accuracy", "Accuracy", "".join(sections.accuracy(part) for part in report.accuracy)))
    if report.uncertainty is not None:
        hint = "Each dot is one scan: if the score is any good, dots further right lie lower."
        content = f'<p class="hint">{hint}</p>{sections.uncertainty(report.uncertainty)}'
        parts.append(("uncertainty", "Does it know when it is wrong?", content))
    if report.reliability is not None and report.reliability.series:
        hint = "On the dashed line a voxel with 80 % confidence is right in 80 of 100 cases; below it, less often."
        content = f'<p class="hint">{hint}</p>{sections.reliability(report.reliability)}'
        parts.append(("reliability", "Can its probabilities be believed?", content))
    if report.rounds:
        parts.append(
            ("learning", "Learning curves", "".join(sections.training_round(item) for item in report.rounds))
        )
    if report.facts or report.warnings:
        content = sections.facts(report.facts)
        if report.warnings:
            content += f"<h3>Warnings</h3>{sections.bullet_list(report.warnings, 'statements')}"
        parts.append(("made", "How this was made", content))
    return parts


def _cases(report: Report) -> str:
    cards = (*report.cards, *report.gallery)
    reference = any('class="reference"' in view.outlined for card in cards for view in card.views)
    heat = any(view.heat is not None for card in cards for view in card.views)
    content = sections.picture_legend(reference, heat)
    content += "".join(sections.case_card(card) for card in report.cards)
    if report.gallery:
        thumbs = "".join(sections.thumbnail(card) for card in report.gallery)
        summary = f"All other cases ({len(report.gallery)})"
        note = f'<p class="hint">{escape(report.gallery_note)}</p>' if report.gallery_note else ""
        content += f'<details><summary>{summary}</summary>{note}<div class="gallery">{thumbs}</div></details>'
    return content
