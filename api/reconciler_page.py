"""The reconciler's report as a page for people: whole in one file, without scripts."""

from datetime import UTC, datetime, timedelta
from html import escape

from api.schemas.tocsin_reconciler import Healed, Report

SILENT = timedelta(minutes=5)
"""Rounds are made every ten seconds: after this long none is merely late."""

_STYLE = """
:root{color-scheme:light dark;--ground:#f5f4f1;--paper:#fff;--ink:#1d1c1a;--quiet:#6b6862;--line:#e0ddd6;
--mark:#b4541a}
@media(prefers-color-scheme:dark){:root{--ground:#191816;--paper:#22211f;--ink:#eeebe5;--quiet:#a39f97;
--line:#383632;--mark:#f0965a}}
body{margin:0 auto;max-width:54rem;padding:1.5rem;font:15px/1.5 system-ui,sans-serif;background:var(--ground);
color:var(--ink)}
h1{font-size:1.4rem;margin:0 0 .3rem}h2{font-size:1.05rem;margin:1.8rem 0 .5rem}p{margin:.2rem 0}
table{width:100%;border-collapse:collapse;background:var(--paper);border:1px solid var(--line)}
th,td{padding:.35rem .8rem;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
thead th{color:var(--quiet);font-weight:400;font-size:.87rem;border-top:0}tbody th{font-weight:400}
th+th,td{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tbody th::first-letter{text-transform:uppercase}
h2 span{font-weight:400;font-size:.87rem}
code{color:var(--quiet);font-size:.84rem;display:block}
.quiet,.none *{color:var(--quiet)}.wrong,.wrong *{color:var(--mark);font-weight:600}
"""


def page(report: Report, now: datetime) -> str:
    """What the JSON says, in the order in which it matters: what is wrong, the account, what was healed."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Reconciler</title>'
        f"<style>{_STYLE}</style></head><body><h1>Reconciler: {escape(report.environment)}</h1>"
        f"<p>Round {report.rounds:,} was made at {_moment(report.at)}.</p>{_verdict(report, now)}"
        f'<h2>Runs <span class="quiet">counted at {_moment(report.counted_at)}</span></h2>{_account(report)}'
        f"<h2>Differences</h2>{_differences(report)}</body></html>"
    )


def _verdict(report: Report, now: datetime) -> str:
    wrong = []
    if now - report.at > SILENT:
        minutes = (now - report.at) // timedelta(minutes=1)
        wrong.append(f"No round for {minutes:,} minutes: does a worker serve the task queue bulk?")
    if report.counted_at is None:
        wrong.append("Runs are not counted yet.")
    if report.unexplained_runs:
        what = "open runs wait for nothing to come and wrote nothing for 15 minutes."
        wrong.append(f"{report.unexplained_runs:,} {what}")
    if wrong:
        return "".join(f'<p class="wrong">{one}</p>' for one in wrong)
    return "<p>Every accepted run is finished, or open for a reason.</p>"


def _account(report: Report) -> str:
    running = report.running_in_temporal
    rows = [
        _row("Accepted", report.accepted_runs),
        _row("Finished", report.finished_runs),
        _row("Open: accepted and not finished", report.open_runs),
        _row("Open as Temporal counts them, a moment late", "not told" if running is None else running),
        _row("Open without a reason", report.unexplained_runs, "wrong" if report.unexplained_runs else ""),
        _row("Triggers not answered yet", report.unanswered_triggers),
        _row("Triggers that still start runs", report.starting_triggers),
    ]
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _differences(report: Report) -> str:
    if report.found_at is None:
        return "<p>No round has found any.</p>"
    head = (
        "<thead><tr><th>Found between rows and Temporal, and what was done<th>since the first round"
        f"<th>in the last round that had any,<br>{_moment(report.found_at)}</tr></thead>"
    )
    # What never happened comes last: there are many kinds, and few of them ever occur.
    kinds = sorted(report.differences, key=lambda one: not one.total)
    return f"<table>{head}<tbody>{''.join(_kind(one) for one in kinds)}</tbody></table>"


def _kind(one: Healed) -> str:
    what = f"{escape(one.meaning)}<code>{escape(one.kind)}</code>"
    css = "" if one.total else ' class="none"'
    return f"<tr{css}><th>{what}</th><td>{one.total:,}</td><td>{one.last:,}</td></tr>"


def _row(name: str, value: int | str, css: str = "") -> str:
    told = value if isinstance(value, str) else f"{value:,}"
    return f'<tr class="{css}"><th>{name}</th><td>{told}</td></tr>'


def _moment(at: datetime | None) -> str:
    return "no time yet" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
