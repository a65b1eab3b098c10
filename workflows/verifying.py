"""Say in plain words whether the audit log is what it was."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data import audit, audit_anchors
from data.audit import ChainReport
from data.audit_anchors import AnchorReport
from data.records import Message
from data.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """The state of the log: whether it is sound, and the sentences that say so."""

    is_sound: bool
    first_bad: int | None
    sentences: tuple[Message, ...]


def state_of_log(store: Store, *, anchor_file: str = "") -> LogState:
    """Check chain and anchors."""
    chain = audit.check_chain(store)
    anchors = audit_anchors.check(store, audit_anchors.file_of(store, anchor_file))
    found = [bad for bad in (chain.bad, anchors.bad) if bad is not None]
    return LogState(
        is_sound=not found and anchors.bad_line is None,
        first_bad=min(found, default=None),
        sentences=(*_of_chain(chain), *_of_anchors(anchors)),
    )


def add_anchor(store: Store, *, now: datetime, anchor_file: str = "") -> bool:
    """Write today's anchor unless it is there."""
    return audit_anchors.add_if_due(store, audit_anchors.file_of(store, anchor_file), now=now)


def anchor_path(store: Store, anchor_file: str = "") -> Path:
    """Return where the anchors are."""
    return audit_anchors.file_of(store, anchor_file)


def _of_chain(chain: ChainReport) -> list[Message]:
    if chain.why == "other_key":
        return [
            Message(
                "第 {n} 条起是用另一把密钥封存的，无法校验；请恢复原来的审计密钥文件",
                {"n": chain.bad},
            )
        ]
    if chain.bad is not None:
        return [Message("第 {n} 条起校验不符", {"n": chain.bad})]
    told = [Message("审计记录完整，共 {n} 条", {"n": chain.n_entries})]
    if chain.sealed_from is not None and chain.sealed_from > 1:
        told.append(
            Message("第 {n} 条之前是启用密钥前的记录，只有普通校验", {"n": chain.sealed_from})
        )
    return told


def _of_anchors(anchors: AnchorReport) -> list[Message]:
    if anchors.bad_line is not None:
        return [Message("锚点文件第 {n} 行被改动过", {"n": anchors.bad_line})]
    if anchors.bad is not None:
        return [
            Message(
                "与 {date} 的锚点不符：第 {n} 条起被删除或替换",
                {"date": anchors.last_on, "n": anchors.bad},
            )
        ]
    if not anchors.n_anchors:
        return [Message("还没有锚点，末尾被删除不能发现")]
    return [
        Message(
            "与 {n} 个锚点一致，最近一个是 {date}",
            {"n": anchors.n_anchors, "date": anchors.last_on},
        )
    ]
