"""Take a whole import back, with a reason, while nothing builds on it."""

from datetime import datetime

from data import audit
from data.scope import Scope
from data.store import engine, import_undo, imports
from data.store.engine import Store
from data.store.import_undo import Undone
from errors import InUseError, NoDataError
from workflows import access, area_classes

_NAMED = 5


def undo_import(
    store: Store, import_id: int, *, reason: str, actor: str, scope: Scope, now: datetime
) -> Undone:
    """
    Take an import back; asking a second time changes nothing.

    Raises
    ------
    ForbiddenError
        If the actor lacks ``imports.undo``.
    NoDataError
        If no reason is given.
    NotFoundError
        If there is no such import, or it is not the actor's to see.
    InUseError
        If later imports or entries of the ledger build on it; the sentence names them.
    """
    access.require(store, actor, "imports.undo")
    if not reason.strip():
        raise NoDataError("请填写撤销导入的理由")
    at = engine.to_seconds(now)
    with store.write() as conn:
        found = imports.get_import(conn, import_id, scope=scope)
        if found.undone_at is not None:
            return Undone(0, 0, 0)
        kind = str(found.kind)
        built = import_undo.builders(conn, import_id, kind=kind, at=int(found.imported_at))
        if built:
            names = imports.names(conn, [b.import_id for b in built[:_NAMED]])
            raise InUseError(
                "不能撤销：{names} 以这次导入的记录为基础。请先撤销较晚的导入；"
                "台账中已办理的记录不能随导入撤销",
                names="、".join(names),
            )
        done = import_undo.undo(conn, import_id, kind=kind)
        import_undo.mark(conn, import_id, at=at, actor=actor, reason=reason.strip()[:500])
        audit.append(
            conn,
            at=at,
            actor=actor,
            action="import.undo",
            object_id=str(import_id),
            reason=reason.strip()[:500],
            detail={
                "kind": kind,
                "n_deleted": done.n_deleted,
                "n_gone": done.n_gone,
                "n_restored": done.n_restored,
            },
        )
        engine.bump_data_version(conn)
    area_classes.compute_after(store, {kind}, actor=actor, now=now)
    return done
