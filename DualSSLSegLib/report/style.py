"""The page's style sheet: quiet, readable in light and dark, printable; pictures always on black as at a
viewer.
"""

from __future__ import annotations

from DualSSLSegLib.report.palette import PREDICTION, REFERENCE, heat_gradient

_COLOURS = f"""
:root {{ --prediction: {PREDICTION}; --reference: {REFERENCE}; --heat: {heat_gradient()}; }}"""

_RULES = """
:root { color-scheme: light dark; --page: #f7f7f5; --card: #ffffff; --ink: #1d2328; --soft: #5c6670;
  --line: #e0e2e0;
  --accent: #0b62a4; --notice: #fff6dc; --notice-ink: #5d4a05; }
@media (prefers-color-scheme: dark) { :root { --page: #14171a; --card: #1c2024; --ink: #e6e8ea; --soft: #9aa4ad;
  --line: #2e343a; --accent: #7cc0f4; --notice: #332c14; --notice-ink: #f1dfa4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
  "Helvetica Neue", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 24px 80px; }
.data { margin: 0 0 28px; padding: 10px 16px; border-left: 4px solid var(--accent); background: var(--card);
  border-radius: 0 8px 8px 0; font-size: 15px; max-width: none; }
.data.generated { border-left-color: #d55e00; background: var(--notice); color: var(--notice-ink); }
h1 { margin: 0 0 6px; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; font-weight: 650; }
h2 { margin: 56px 0 4px; font-size: 21px; letter-spacing: -0.005em; font-weight: 650; }
h3 { margin: 26px 0 8px; font-size: 16px; font-weight: 650; }
p { max-width: 78ch; } .lead { font-size: 17px; color: var(--soft); margin: 0 0 24px; }
.hint { color: var(--soft); margin: 0 0 16px; font-size: 15px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px;
  margin: 22px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px 18px; }
.tile b { display: block; font-size: 22px; white-space: nowrap; line-height: 1.15;
  font-weight: 650; letter-spacing: -0.01em; }
.tile span { display: block; margin-top: 6px; font-size: 14.5px; } .tile small { color: var(--soft);
  font-size: 13px; }
.statements { margin: 18px 0 0; padding: 0 0 0 18px; color: var(--soft); font-size: 14.5px; max-width: 86ch; }
.statements li { margin: 3px 0; }
nav { margin: 20px 0 0; font-size: 14.5px; } nav a { margin-right: 18px; } a { color: var(--accent); }
.legend { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 26px; margin: 10px 0 16px;
  font-size: 14px;
  color: var(--soft); }
.legend .stroke { display: inline-block; width: 26px; height: 0; border-top: 3px solid; vertical-align: middle;
  margin-right: 7px; } .legend .stroke.prediction { border-color: var(--prediction); }
.legend .stroke.reference { border-color: var(--reference); }
.legend .chip { background: #111; color: #ddd; padding: 3px 10px; border-radius: 6px; }
.legend .scale { display: inline-block; width: 130px; height: 11px; border-radius: 3px; background: var(--heat);
  vertical-align: middle; margin: 0 8px; }
.card { display: grid; grid-template-columns: minmax(0, 1fr) 250px; gap: 20px; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; padding: 12px; margin: 0 0 18px; break-inside: avoid; }
.beside { padding: 6px 6px 6px 0; font-size: 14.5px; } .beside > b { font-size: 17px; overflow-wrap: anywhere; }
.role { color: var(--soft); font-size: 13.5px; } .beside p { margin: 10px 0 0; color: var(--soft); font-size: 14px; }
.beside table { border: 0; margin: 10px 0; font-size: 14px; border-radius: 0; } .beside td { padding: 5px 0;
  white-space: normal; } .beside td:last-child { font-weight: 600; padding-left: 12px; }
.views { display: grid; gap: 4px; background: #000; border-radius: 8px; padding: 4px; align-items: center; }
.views svg, .thumb svg { display: block; width: 100%; height: auto; background: #000; }
.views svg path, .thumb svg path { fill: none; stroke-width: 1.8px; vector-effect: non-scaling-stroke;
  stroke-linejoin: round; } .thumb svg path { stroke-width: 1.3px; }
svg path.prediction { stroke: var(--prediction); } svg path.reference { stroke: var(--reference); }
svg path.ruler { stroke: #fff; opacity: 0.75; }
svg .dim { filter: brightness(0.6); }
.views text, .thumb text { fill: #fff; font-family: inherit; font-weight: 600;
  stroke: #000; stroke-opacity: 0.55; stroke-width: 0.18em; paint-order: stroke; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 12px; }
.thumb { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 8px;
  font-size: 13px; }
.thumb .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2px; background: #000; border-radius: 6px;
  overflow: hidden; margin-bottom: 6px; align-items: center; }
  .thumb .pair.single { grid-template-columns: 1fr; }
.thumb b { font-size: 13px; } .thumb div { color: var(--soft); }
details > summary { cursor: pointer; margin: 10px 0 14px; color: var(--accent); font-size: 15px; }
ol.queue { list-style: none; margin: 0; padding: 0; display: grid; gap: 10px; }
ol.queue li { display: grid; grid-template-columns: 40px 84px 1fr auto; gap: 4px 18px; align-items: center;
  background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 10px 16px 10px 12px; }
ol.queue .place { font-size: 22px; font-weight: 650; color: var(--soft); text-align: center; }
ol.queue .thumb { border: 0; padding: 0; background: none; border-radius: 6px; overflow: hidden; }
ol.queue .why b { display: block; } ol.queue .why { font-size: 15px; }
ol.queue .score { text-align: right; font-size: 18px; font-weight: 600; }
  ol.queue .score small { display: block;
  font-size: 12px; font-weight: 400; color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 14.5px;
  background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; border-spacing: 0; overflow: hidden; }
th, td { padding: 9px 14px; text-align: right; border-top: 1px solid var(--line); white-space: nowrap; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: 13.5px; }
th:first-child, td:first-child, th.text, td.text { text-align: left; }
  tr.first td { border-top: 2px solid var(--line); }
td.best { font-weight: 650; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(400px, 1fr)); gap: 14px; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 14px; }
figure h4 { margin: 0 0 6px; font-size: 14.5px; font-weight: 600; }
figcaption { font-size: 13px; color: var(--soft); margin-top: 6px; }
.key { margin-right: 14px; white-space: nowrap; } .key i { display: inline-block; width: 12px; height: 4px;
  border-radius: 2px; margin-right: 6px; vertical-align: middle; }
svg.chart { display: block; width: 100%; height: auto; } svg.chart text { font-size: 11px; fill: var(--soft);
  font-family: inherit; } svg.chart .name { font-size: 11.5px; fill: var(--ink); }
svg.chart .grid { stroke: var(--line); } svg.chart .base, svg.chart .tick { stroke: var(--soft); opacity: 0.6; }
svg.chart polyline { fill: none; } svg.chart .line { stroke-width: 1.8; stroke-linejoin: round; }
svg.chart .raw { stroke-width: 1; opacity: 0.28; } svg.chart .dot { fill-opacity: 0.62; }
svg.chart .mean { stroke: var(--ink); stroke-width: 2.5; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 22px; font-size: 14.5px;
  margin: 10px 0; }
dl.facts dt { color: var(--soft); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
code { font: 13px/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
footer { margin-top: 56px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--soft);
  font-size: 13.5px; }
@media (max-width: 820px) { .card { grid-template-columns: 1fr; }
  ol.queue li { grid-template-columns: 30px 80px 1fr; } ol.queue .score { grid-column: 3; text-align: left; } }
@media print { body { background: #fff; } main { max-width: none; } details { display: block; }
  nav { display: none; } }
"""

STYLE = _COLOURS + _RULES
