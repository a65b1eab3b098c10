"""The rules of a plan on screen: which hold, which warn, how often."""

import streamlit as st

from ui import charts, messages
from ui.messages import text
from workflows.rule_check import RuleLine, RuleReport

N_SENTENCES = 30


def draw(report: RuleReport) -> None:
    """Draw the list of rules with ✓ or ! and counts, and what exactly is wrong, folded up."""
    st.subheader(text("规则检查"), anchor=False)
    colours = charts.palette()
    st.caption(headline(report))
    rows = "".join(_row(line, done=colours.done, warning=colours.warning) for line in report.lines)
    st.html(f'<table style="width:100%;border-collapse:collapse;font-size:0.875rem">{rows}</table>')
    broken = [line for line in report.lines if line.violations]
    if broken:
        with st.expander(text("查看明细")):
            for line in broken:
                for sentence in line.violations[:N_SENTENCES]:
                    st.text(messages.say(sentence))
    st.caption(text("每次改动后重查；硬性不通过不能保存"))


def headline(report: RuleReport) -> str:
    """Return how many hard rules hold and how many soft ones warn."""
    return text(
        "硬性 {a} / {b}，提醒 {c}",
        a=report.n_hard_kept,
        b=report.n_hard,
        c=report.n_warnings,
    )


def _row(line: RuleLine, *, done: str, warning: str) -> str:
    """Return one line of the table; titles are our own words, so nothing needs escaping."""
    sign, colour = ("!", warning) if line.violations else ("✓", done)
    count = f"{line.n_ok} / {line.n_checked}" if line.n_checked else "—"
    return (
        f'<tr><td style="color:{colour};width:1.5em;font-weight:600">{sign}</td>'
        f"<td>{messages.say(line.title)}</td>"
        f'<td style="text-align:right;white-space:nowrap">{count}</td></tr>'
    )
