"""Two drafts side by side, and what one more team, half an hour or one car less is worth."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from data.records import Plan
from ui import cached, messages, plan_margins_panel
from ui.messages import text
from workflows import plan_compare
from workflows.plan_compare import Figures


def draw(plan: Plan) -> None:
    """Draw marginal values and, where there is another plan of the week, the comparison."""
    plan_margins_panel.draw(plan)
    others = [code for code in cached.plans(plan.week_start)["plan_id"] if code != plan.plan_id]
    if not others:
        return
    with st.expander(text("比较草案")):
        drafts = cached.plans(plan.week_start).set_index("plan_id")
        other = st.selectbox(
            text("与哪个草案比较"),
            others,
            format_func=lambda code: text(
                "{time} · {v} 分",
                time=messages.when(drafts.loc[code, "created_at"]),
                v=round(drafts.loc[code, "prize"] / 100),
            ),
        )
        mine, theirs = _figures(plan), _figures(cached.plan(other))
        st.dataframe(_main(mine, theirs), hide_index=True, alt=text("两个草案的主要数字"))
        left, right = st.columns(2)
        names = cached.township_names(plan)
        left.dataframe(
            _coverage(
                text("乡镇"), {c: names.get(c, c) for c in _keys(mine, theirs, "by_township")},
                mine.by_township, theirs.by_township,
            ),
            hide_index=True, alt=text("各乡镇家次"),
        )  # fmt: skip
        right.dataframe(
            _coverage(
                text("城乡分类"),
                {
                    code: messages.label("urban_rural_code", code) if code else text("未知")
                    for code in _keys(mine, theirs, "by_class")
                },
                mine.by_class,
                theirs.by_class,
            ),
            hide_index=True,
            alt=text("各城乡分类家次"),
        )


def _figures(plan: Plan) -> Figures:
    return plan_compare.figures(plan, class_of=cached.class_of_cells())


def _keys(mine: Figures, theirs: Figures, name: str) -> list[str]:
    return sorted({*getattr(mine, name), *getattr(theirs, name)})


def _main(mine: Figures, theirs: Figures) -> pd.DataFrame:
    rows = [
        (text("计划价值（分）"), mine.value, theirs.value, 0),
        (text("至少为最优的（%）"), 100 * mine.share_of_bound, 100 * theirs.share_of_bound, 1),
        (text("家次"), mine.n_visits, theirs.n_visits, 0),
        (text("路途（队·小时）"), mine.travel_h, theirs.travel_h, 1),
        (text("检查工时（队·小时）"), mine.on_site_h, theirs.on_site_h, 1),
        (text("忙闲相差（小时，最忙队减最闲队）"), mine.spread_h, theirs.spread_h, 1),
    ]
    return pd.DataFrame(
        [
            {
                text("项目"): name,
                text("本草案"): f"{a:,.{digits}f}",
                text("另一草案"): f"{b:,.{digits}f}",
                text("相差"): f"{a - b:+,.{digits}f}".replace("-", "−"),
            }
            for name, a, b, digits in rows
        ]
    )


def _coverage(
    title: str, names: dict[str, str], mine: Mapping[str, int], theirs: Mapping[str, int]
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                title: name or text("未知"),
                text("本草案"): mine.get(code, 0),
                text("另一草案"): theirs.get(code, 0),
            }
            for code, name in names.items()
        ]
    )
