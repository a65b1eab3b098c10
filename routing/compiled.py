"""
Compile the search with numba and keep the build on disk.

The build is stored under a name made from the content of the compiled modules:
numba itself only notices a change in the file of the function it loads, not in
the functions that were built into it. ``NUMBA_CACHE_DIR`` is respected where it
is set; ``NUMBA_DISABLE_JIT=1`` runs the same code as plain Python.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

KERNELS = (
    "compiled.py",
    "model.py",
    "desk.py",
    "timing.py",
    "moves.py",
    "search.py",
    "exchange.py",
)
"""Modules of this folder that go into the compiled build."""

# numba's types leave out what is used here
_njit: Any = numba.njit
_config: Any = numba.config
_Function = TypeVar("_Function", bound=Callable[..., Any])


def build_folder() -> Path:
    """Return the folder of this very build, beside the code or in the user's cache."""
    here = Path(__file__).parent
    digest = hashlib.sha256(numba.__version__.encode())
    for name in KERNELS:
        digest.update((here / name).read_bytes())
    build = f"kernels-{digest.hexdigest()[:12]}"
    beside = here / "__pycache__"
    parent = beside if os.access(beside if beside.exists() else here, os.W_OK) else _user_cache()
    return parent / build


def _user_cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "medpatrol"


def compiled(function: _Function) -> _Function:
    """
    Compile a function on first use; plain Python where numba is switched off.

    The functions allocate no memory, so numba's counting of references is switched
    off: with some 80 arrays handed to every small function it took nine tenths of
    the running time.
    """
    try:
        built: _Function = _njit(cache=True, nogil=True, _nrt=False)(function)
    except RuntimeError:
        # no folder to write to: compile anew in every process rather than fail
        built = _njit(nogil=True, _nrt=False)(function)
    return built


if not os.environ.get("NUMBA_CACHE_DIR"):
    _config.CACHE_DIR = str(build_folder())
