"""
The ledger of leads: register, triage, hand over, extend, answer, undo.

Each function is one named act of a person. It asks for the right, looks for the lead
inside the reader's scope, writes the act, the new version of the lead and the audit entry
in one transaction, and does nothing when the same key comes again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from data import audit
from data.scope import Scope
from data.store import ledger as reads
from data.store import ledger_writes as writes
from data.store.engine import Store, to_seconds
from errors import LedgerError, NotFoundError
from workflows import access
from workflows.clocks import AWAY, OPEN, Clocks, LeadState
from workflows.lead_links import LinkParams
from workflows.ledger_index import as_state, refresh_lead, status_of, sync
from workflows.ledger_steps import (
    Change,
    Step,
    Triage,
    answer_due,
    day_of,
    direct,
    give_back,
    hand_over,
    transfer,
)
from workflows.weeks import local_day

RIGHT = "leads.write"
UNDO_S = 600
UNDOABLE = frozenset({"triage", "assign", "extend", "close", "reopen", "link", "apart", "receipt",
                      "reply"})  # fmt: skip
_BESIDE = frozenset({"note", "link", "apart", "file"})
"""Acts that leave the state of a lead as it is."""
OUTCOMES = ("substantiated", "unsubstantiated", "not_found", "no_jurisdiction")


@dataclass(frozen=True, slots=True)
class Book:
    """The ledger of one store under some settings."""

    store: Store
    clocks: Clocks
    links: LinkParams

    def sync(self, now: datetime) -> int:
        """Bring the index up to date with the store."""
        return sync(self.store, self.clocks, self.links, now=now)


def triage(
    book: Book,
    lead_ids: Sequence[str],
    decision: Triage,
    *,
    actor: str,
    scope: Scope,
    now: datetime,
    key: str,
) -> str:
    """
    Decide the class of leads: investigate, hand over, transfer or return.

    Returns
    -------
    batch
        Name under which ``undo`` takes it back for ten minutes.

    Raises
    ------
    ForbiddenError
        If the actor may not write leads.
    NotFoundError
        If a lead is not in the reader's scope.
    LedgerError
        If a lead was triaged meanwhile, or the class lacks what it needs.
    """
    steps = {"direct": direct, "hand_over": hand_over, "transfer": transfer, "return": give_back}
    if decision.action not in steps:
        raise LedgerError("没有这种分办方式：{code}", code=decision.action)
    step = steps[decision.action](book.clocks, decision, now)
    return perform(
        book, lead_ids, "triage", step, actor=actor, scope=scope, now=now, key=key,
        note=decision.note, allowed=frozenset({"new"}),
    )  # fmt: skip


def assign(
    book: Book, lead_id: str, owner: str, *, actor: str, scope: Scope, now: datetime, key: str
) -> str:
    """Give a lead in hand to a unit or an officer."""
    if not owner.strip():
        raise LedgerError("请选择承办单位或人员")

    def step(_row: Mapping[str, Any], state: LeadState) -> Change:
        new = replace(state, owner=owner.strip())
        return Change(columns={"status": "assigned"}, state=new, detail={"owner": owner.strip()})

    return perform(book, [lead_id], "assign", step, actor=actor, scope=scope, now=now, key=key,
                   allowed=frozenset({"triaged", "assigned"}))  # fmt: skip


def confirm_receipt(
    book: Book, lead_id: str, *, actor: str, scope: Scope, now: datetime, key: str
) -> str:
    """Note that the other unit has confirmed a hand-over or a transfer."""

    def step(_row: Mapping[str, Any], state: LeadState) -> Change:
        if state.receipt_at is not None:
            raise LedgerError("对方已签收")
        return Change(state=replace(state, receipt_at=to_seconds(now)))

    return perform(book, [lead_id], "receipt", step, actor=actor, scope=scope, now=now, key=key,
                   allowed=AWAY)  # fmt: skip


def note_reply(
    book: Book,
    lead_id: str,
    *,
    actor: str,
    scope: Scope,
    now: datetime,
    key: str,
    note: str | None = None,
) -> str:
    """Note the other unit's reply: the lead comes back to be answered and closed."""

    def step(row: Mapping[str, Any], state: LeadState) -> Change:
        at = to_seconds(now)
        due_at = state.due_at
        if due_at is not None and row["channel"] not in book.clocks.params.unstoppable:
            due_at = book.clocks.resumed(due_at, paused_at=state.handed_at or at, now=at)
        new = replace(state, receipt_at=state.receipt_at or at, reply_at=at, due_at=due_at)
        columns = {"status": "assigned", "due_on": day_of(due_at) or row["due_on"]}
        return Change(columns=columns, state=new)

    return perform(book, [lead_id], "reply", step, actor=actor, scope=scope, now=now, key=key,
                   note=note, allowed=AWAY)  # fmt: skip


def extend(
    book: Book,
    lead_id: str,
    days: int,
    *,
    actor: str,
    scope: Scope,
    now: datetime,
    key: str,
    note: str,
) -> str:
    """Give a lead in hand some more working days; the reason is required."""
    most = book.clocks.params.extend_days
    if not 1 <= days <= most:
        raise LedgerError("延期应为 1 至 {most} 个工作日，实为 {days}", most=most, days=days)
    if not note.strip():
        raise LedgerError("请填写延期理由")

    def step(row: Mapping[str, Any], state: LeadState) -> Change:
        due_at = book.clocks.after(answer_due(book.clocks, row, state), days)
        return Change(
            columns={"due_on": day_of(due_at)},
            state=replace(state, due_at=due_at),
            detail={"days": days, "due_on": day_of(due_at)},
        )

    return perform(book, [lead_id], "extend", step, actor=actor, scope=scope, now=now, key=key,
                   note=note, allowed=frozenset({"triaged", "assigned"}))  # fmt: skip


def close(
    book: Book,
    lead_id: str,
    outcome: str,
    *,
    actor: str,
    scope: Scope,
    now: datetime,
    key: str,
    note: str | None = None,
) -> str:
    """Close a lead with its outcome."""
    if outcome not in OUTCOMES:
        raise LedgerError("没有这种办理结果：{code}", code=outcome)

    def step(_row: Mapping[str, Any], state: LeadState) -> Change:
        today = local_day(now).isoformat()
        return Change(
            columns={"status": "closed", "closed_on": today, "outcome": outcome},
            state=state,
            detail={"outcome": outcome},
        )

    return perform(book, [lead_id], "close", step, actor=actor, scope=scope, now=now, key=key,
                   note=note, allowed=OPEN | AWAY)  # fmt: skip


def reopen(
    book: Book, lead_id: str, *, actor: str, scope: Scope, now: datetime, key: str, note: str
) -> str:
    """Take a closed or returned lead up again; the reason is required."""
    if not note.strip():
        raise LedgerError("请填写重新办理的理由")

    def step(_row: Mapping[str, Any], state: LeadState) -> Change:
        columns = {"status": "triaged", "closed_on": None, "outcome": None}
        return Change(columns=columns, state=state)

    return perform(book, [lead_id], "reopen", step, actor=actor, scope=scope, now=now, key=key,
                   note=note, allowed=frozenset({"closed", "returned"}))  # fmt: skip


def add_note(
    book: Book, lead_id: str, note: str, *, actor: str, scope: Scope, now: datetime, key: str
) -> str:
    """Keep a note with a lead."""
    if not note.strip():
        raise LedgerError("请填写备注")
    return perform(
        book, [lead_id], "note", None, actor=actor, scope=scope, now=now, key=key,
        note=note.strip(), allowed=None,
    )  # fmt: skip


def decide_pair(
    book: Book,
    pair: tuple[str, str],
    verdict: str,
    *,
    actor: str,
    scope: Scope,
    now: datetime,
    key: str,
) -> str:
    """
    Join two leads to one site (``same``) or keep them ``apart``; both is remembered.

    Joining deletes nothing: each lead keeps its clock and its answer, and both count.
    """
    if verdict not in {"same", "apart"} or pair[0] == pair[1]:
        raise LedgerError("不能这样并线")
    access.require(book.store, actor, RIGHT)
    at = to_seconds(now)
    with book.store.write() as conn:
        if writes.act_of_key(conn, f"{key}:{pair[0]}") is not None:
            return key
        for lead_id in pair:
            found_line(conn, lead_id, scope=scope)
        before = writes.set_verdict(conn, pair, verdict, actor=actor, at=at)
        kind = "link" if verdict == "same" else "apart"
        for lead_id, other in (pair, pair[::-1]):
            writes.add_act(
                conn, key=f"{key}:{lead_id}", batch=key, complaint_id=lead_id, at=at,
                actor=actor, kind=kind, detail={"other": other}, before={"verdict": before},
            )  # fmt: skip
        audit.append(
            conn, at=at, actor=actor, action=f"lead.{kind}", object_id=pair[0],
            detail={"other": pair[1]},
        )  # fmt: skip
        writes.count_likely(conn, pair)
        refresh_lead(conn, book.clocks, pair)
    return key


def undo(book: Book, batch: str, *, actor: str, scope: Scope, now: datetime) -> None:
    """
    Take back what one button did, for ten minutes and only by who pressed it.

    Raises
    ------
    LedgerError
        If it is too late, somebody else did it, or more has been done since.
    """
    access.require(book.store, actor, RIGHT)
    at = to_seconds(now)
    with book.store.write() as conn:
        done = reads.batch(conn, batch)
        if not done or any(act["kind"] not in UNDOABLE for act in done):
            raise LedgerError("没有可以撤回的操作")
        for act in done:
            found_line(conn, act["complaint_id"], scope=scope)
            if writes.act_of_key(conn, f"undo:{act['act_key']}") is not None:
                return
            if act["actor"] != actor:
                raise LedgerError("只能由操作人本人撤回")
            if at - act["at"] > UNDO_S:
                raise LedgerError("已超过 10 分钟，不能撤回")
            later = reads.acts(conn, act["complaint_id"])
            if any(a["act_id"] > act["act_id"] and a["batch"] != batch
                   and a["kind"] not in _BESIDE for a in later):  # fmt: skip
                raise LedgerError("此后又有新的办理记录，不能撤回")
        for act in done:
            _take_back(conn, act, at=at, actor=actor)
        ids = sorted({act["complaint_id"] for act in done})
        writes.count_likely(conn, ids)
        refresh_lead(conn, book.clocks, ids)


def perform(
    book: Book,
    lead_ids: Sequence[str],
    kind: str,
    step: Step | None,
    *,
    actor: str,
    scope: Scope,
    now: datetime,
    key: str,
    note: str | None = None,
    allowed: frozenset[str] | None,
) -> str:
    """Do one act on leads: all of them or none."""
    access.require(book.store, actor, RIGHT)
    at = to_seconds(now)
    with book.store.write() as conn:
        if not lead_ids or writes.act_of_key(conn, f"{key}:{lead_ids[0]}") is not None:
            return key
        for lead_id in lead_ids:
            line = found_line(conn, lead_id, scope=scope)
            row = writes.current(conn, lead_id)
            if row is None:
                raise NotFoundError("没有这条线索，或不在您的辖区")
            if allowed is not None and status_of(row) not in allowed:
                raise LedgerError("线索 {id} 的状态已变，请刷新后再办", id=lead_id)
            held = writes.state_of(conn, lead_id)
            state = as_state(held or {})
            change = Change(state=state) if step is None else step({**row, **_own(line)}, state)
            writes.add_act(
                conn, key=f"{key}:{lead_id}", batch=key, complaint_id=lead_id, at=at,
                actor=actor, kind=kind, detail=change.detail, note=(note or "").strip() or None,
                before={"columns": {name: row[name] for name in writes.OWNED}, "state": held},
            )  # fmt: skip
            if step is not None:
                if any(row[name] != value for name, value in change.columns.items()):
                    writes.change(conn, row, change.columns, at=at)
                writes.set_state(conn, lead_id, asdict(change.state), at=at)
            codes = {name: value for name, value in change.detail.items() if name in _LOGGED}
            audit.append(
                conn, at=at, actor=actor, action=f"lead.{kind}", object_id=lead_id, detail=codes
            )
        refresh_lead(conn, book.clocks, lead_ids)
    return key


_LOGGED = frozenset({"action", "outcome", "days", "due_on", "late", "case_id"})


def found_line(conn: Connection, lead_id: str, *, scope: Scope) -> dict[str, Any]:
    """Return the line of a lead; the same error for what is not there and not the reader's."""
    line = reads.line(conn, lead_id, scope=scope)
    if line is None:
        raise NotFoundError("没有这条线索，或不在您的辖区")
    return line


def _own(line: Mapping[str, Any]) -> dict[str, Any]:
    return {"district_code": line["district_code"]}


def _take_back(conn: Connection, act: Mapping[str, Any], *, at: int, actor: str) -> None:
    lead_id, before = act["complaint_id"], act["before"] or {}
    if act["kind"] in {"link", "apart"}:
        pair = (lead_id, act["detail"]["other"])
        writes.set_verdict(conn, pair, before.get("verdict"), actor=actor, at=at)
    else:
        row = writes.current(conn, lead_id)
        if row is None:
            raise NotFoundError("没有这条线索，或不在您的辖区")
        writes.change(conn, row, before["columns"], at=at)
        writes.set_state(conn, lead_id, before["state"], at=at)
    writes.add_act(
        conn, key=f"undo:{act['act_key']}", batch=f"undo:{act['batch']}", complaint_id=lead_id,
        at=at, actor=actor, kind="undo", detail={"kind": act["kind"]},
    )  # fmt: skip
    audit.append(
        conn, at=at, actor=actor, action="lead.undo", object_id=lead_id,
        detail={"kind": act["kind"]},
    )  # fmt: skip
