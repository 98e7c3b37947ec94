"""How a page to keep looks: on a screen and on paper, without anything from elsewhere."""

from typing import Final

__all__ = ["PAGE_STYLE"]

PAGE_STYLE: Final = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { margin: 0; background: #fff; color: #222; font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial,
  "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 36px 28px 56px; }
h1 { margin: 0 0 14px; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h1 span { margin-left: 12px; color: #666; font-weight: 400; font-size: 22px; }
h2 { margin: 44px 0 10px; padding-bottom: 6px; border-bottom: 1px solid #d9d9d9; font-size: 19px; }
h3 { margin: 0 0 4px; font-size: 13px; color: #666; font-weight: 600; }
p { margin: 8px 0; }
code { font: 12.5px/1.4 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.banner { margin: 0 0 16px; padding: 10px 14px; background: #d55e00; color: #fff; font-weight: 600; border-radius: 4px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 1px; margin-bottom: 18px;
  background: #e4e4e4; border: 1px solid #e4e4e4; border-radius: 6px; overflow: hidden; }
.figures div { padding: 11px 14px; background: #fff; }
.figures b { display: block; font-size: 19px; line-height: 1.3; }
.figures span { color: #666; font-size: 12.5px; }
dl { display: grid; grid-template-columns: 1fr 1fr; gap: 3px 32px; margin: 0; font-size: 13.5px; }
dl div { display: flex; gap: 10px; }
dt { flex: 0 0 72px; color: #666; }
dd { margin: 0; overflow-wrap: anywhere; }
.findings { margin: 12px 0 0; padding: 0; list-style: none; }
.findings li { margin: 0 0 6px; padding: 8px 14px; background: #fdf3e7; border-left: 4px solid #e69f00; }
.note { max-width: 860px; color: #666; font-size: 13px; }
.picture svg { display: block; width: 100%; height: auto; }
.groups { columns: 2; column-gap: 36px; }
.group { break-inside: avoid; padding-bottom: 18px; }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
th { text-align: left; font-weight: 600; }
thead th { color: #666; font-size: 12px; border-bottom: 1px solid #d9d9d9; }
th, td { padding: 3px 8px 3px 0; vertical-align: top; }
tbody tr + tr td { border-top: 1px solid #f0f0f0; }
.number { text-align: right; white-space: nowrap; }
.metrics:not(.with-head) thead, .pairs thead { display: none; }
.metrics .meaning { padding: 3px 0 3px 8px; color: #666; font-size: 12px; width: 46%; }
.metrics code, .pairs code { font-size: 12px; }
.pairs .number { white-space: normal; overflow-wrap: anywhere; }
em { color: #b04e00; font-style: normal; }
.months th, .months td { padding: 4px 6px; border: 1px solid #fff; vertical-align: middle; }
.months thead th { border-bottom: 1px solid #d9d9d9; }
.months .who { color: #666; font-size: 12px; white-space: nowrap; }
.months .total { font-weight: 600; border-left: 6px solid #fff; }
.trades { font-size: 12px; }
.trades th { white-space: nowrap; }
.trades th, .trades td { padding: 2px 0 2px 10px; }
.trades .time { text-align: left; white-space: nowrap; }
.trades tbody tr:nth-child(even) td { background: #f7f7f7; }
.trades .loss { color: #b04e00; }
.left-out { margin: 14px 0; padding: 10px 14px; background: #f4f4f4; font-size: 13px; }
footer { margin-top: 48px; padding-top: 10px; border-top: 1px solid #d9d9d9; color: #666; font-size: 12px; }
@media (max-width: 720px) { .groups { columns: 1; } dl { grid-template-columns: 1fr; } }
@page { size: A4; margin: 14mm 12mm; }
@media print {
  body { font-size: 10px; line-height: 1.4; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 22px; margin-bottom: 8px; }
  h1 span { font-size: 16px; }
  h2 { margin: 18px 0 6px; padding-bottom: 3px; font-size: 14px; break-after: avoid; }
  h3 { font-size: 10px; }
  p { margin: 4px 0; }
  dl, .note, .left-out { font-size: 9px; }
  dt { flex-basis: 52px; }
  .figures { grid-template-columns: repeat(7, 1fr); margin-bottom: 10px; }
  .figures div { padding: 6px 8px; }
  .figures b { font-size: 13px; }
  .figures span { font-size: 9px; }
  .findings li { padding: 4px 10px; }
  .picture, .months, .findings li, tr, section:has(.groups) { break-inside: avoid; }
  .picture, .note:has(+ table) { break-after: avoid; }
  .group { padding-bottom: 8px; }
  thead { display: table-header-group; }
  table, .trades, .months .who, thead th { font-size: 8.5px; }
  .metrics td, .pairs td { padding-top: 1px; padding-bottom: 1px; }
  code, .metrics code, .pairs code, .metrics .meaning { font-size: 8px; }
}
"""
