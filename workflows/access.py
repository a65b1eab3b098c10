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

LOCAL_USER = "local"
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


def narrowed(scope: Scope, district_code: str | None) -> Scope:
    """Return the scope limited to one district; never wider than ``scope``."""
    if district_code is None:
        return scope
    wanted = frozenset({district_code})
    allowed = wanted if scope.districts is None else scope.districts & wanted
    return replace(scope, districts=allowed)
