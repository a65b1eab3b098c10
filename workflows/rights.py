"""
Roles and what each may do: one table for the whole product.

A right is a verb on a kind of thing; pages, routes and every workflow that
changes something ask for one by name through ``workflows.access``. Reading is
limited by the scope (districts, sealed rows), not by rights, unless listed here.
"""

from collections.abc import Mapping

ROLES: Mapping[str, tuple[str, str]] = {
    "officer": ("执法人员", "officer"),
    "sealed_officer": ("执法人员（密封任务）", "officer (sealed visits)"),
    "manager": ("县区负责人", "district manager"),
    "planner": ("巡查计划员", "planner"),
    "leader": ("市级领导", "city leadership"),
    "steward": ("数据管理员", "data steward"),
    "system_admin": ("系统管理员", "system administrator"),
    "security_admin": ("安全管理员", "security administrator"),
    "auditor": ("审计员", "auditor"),
}
"""Role → (Chinese, English)."""

APART = frozenset({"system_admin", "security_admin", "auditor"})
"""Nobody holds two of these, and none of them sees cases (DOMAIN.md section 1)."""

_READS_WORK = frozenset({"work.read"})
_FIELD = _READS_WORK | {"results.write"}

RIGHTS: Mapping[str, frozenset[str]] = {
    "officer": _FIELD,
    "sealed_officer": _FIELD,
    "manager": _READS_WORK
    | {
        "leads.write", "cases.write", "persons.write", "scores.run", "plans.write",
        "plans.approve", "wishes.write", "results.write", "export", "complainants.ask",
    },
    "planner": _READS_WORK
    | {
        "leads.write", "officers.write", "scores.run", "plans.write", "plans.release",
        "draws.run", "campaigns.write", "wishes.write", "results.write", "export",
    },
    "leader": _READS_WORK | {"plans.approve", "export"},
    "steward": _READS_WORK
    | {
        "imports.write", "imports.undo", "matches.write", "areas.reclass", "officers.write",
        "scores.run", "export",
    },
    "system_admin": frozenset({"accounts.write"}),
    "security_admin": frozenset({"roles.grant", "complainants.unlock"}),
    "auditor": frozenset({"audit.read"}),
}  # fmt: skip
"""
Role → rights. ``work.read`` opens the pages of daily work; ``complainants.ask`` asks for a
reveal, which ``complainants.unlock`` grants.
"""

ALL = frozenset().union(*RIGHTS.values())


def of_roles(roles: frozenset[str]) -> frozenset[str]:
    """Return every right that one of the roles gives; unknown roles give none."""
    return frozenset().union(*(RIGHTS.get(role, frozenset()) for role in roles))
