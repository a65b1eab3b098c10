"""
Who may see what: the one place that turns a user into a scope.

Until accounts exist there is one local user who sees everything, and the server
listens on loopback only. Every page run and every data route asks here anew, so
a right that is taken away is gone at the next step.
"""

import os
from dataclasses import replace

from data.scope import EVERYTHING, Scope
from data.store.engine import Store, open_store
from errors import ForbiddenError
from workflows import rights

LOCAL_USER = "local"
COMMAND_LINE = "command line"
"""Actor of the commands: whoever may start them on the server owns the store's file anyway."""

STORE_VARIABLE = "MEDPATROL_STORE"
DEFAULT_STORE = "sqlite:///var/medpatrol.sqlite"


def store_in_use(store_url: str | None = None) -> str:
    """Return the store's address: as given, else from the environment, else the default."""
    return store_url or os.environ.get(STORE_VARIABLE) or DEFAULT_STORE


def opened(url: str) -> Store:
    """Open the store at ``url``, making it where there is none yet."""
    return open_store(url)


def scope_of(store: Store, user: str) -> Scope:  # noqa: ARG001 - accounts will be asked for here
    """Return what ``user`` may see now."""
    return replace(EVERYTHING, user=user)


def rights_of(store: Store, user: str) -> frozenset[str]:  # noqa: ARG001 - as above
    """Return the rights ``user`` holds now."""
    return rights.ALL if user in {LOCAL_USER, COMMAND_LINE} else frozenset()


def may(store: Store, user: str, right: str) -> bool:
    """Return whether ``user`` holds ``right`` now; an unknown right is a fault of ours."""
    if right not in rights.ALL:
        raise ValueError(f"no such right: {right}")
    return right in rights_of(store, user)


def require(store: Store, user: str, right: str) -> None:
    """Raise ``ForbiddenError`` unless ``user`` holds ``right`` now."""
    if not may(store, user, right):
        raise ForbiddenError("您的账号没有此项权限，请联系安全管理员")


def narrowed(scope: Scope, district_code: str | None) -> Scope:
    """Return the scope limited to one district; never wider than ``scope``."""
    if district_code is None:
        return scope
    wanted = frozenset({district_code})
    allowed = wanted if scope.districts is None else scope.districts & wanted
    return replace(scope, districts=allowed)
