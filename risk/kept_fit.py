"""A fit of the hidden-site model as bytes and back, and the fingerprint of its records."""

import hashlib
import io
import json
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from scipy import sparse

from risk import site_evidence
from risk.cells import Fitted, ModelInput
from risk.hidden_data import HiddenData, Levels
from risk.hidden_state import HiddenState
from risk.places import Places

_EMPTY = ("states", "story")
"""What a score makes anew from the records: only its shape is kept."""


def to_bytes(fitted: Fitted) -> bytes:
    """Return a fit as bytes: its parameters and their draws, not what it believes."""
    arrays: dict[str, Any] = {"cells": np.array(fitted.cells, dtype="U16")}
    plain: dict[str, Any] = {}
    for field in fields(HiddenState):
        value = getattr(fitted.state, field.name)
        if field.name in _EMPTY:
            plain[field.name] = list(value.shape)
        elif isinstance(value, sparse.csr_array):
            arrays[f"{field.name}.data"] = value.data
            arrays[f"{field.name}.indices"] = value.indices
            arrays[f"{field.name}.indptr"] = value.indptr
        elif isinstance(value, np.ndarray):
            arrays[field.name] = value
        elif isinstance(value, Levels):
            plain[field.name] = asdict(value)
        else:
            plain[field.name] = value
    arrays["plain"] = np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def from_bytes(document: bytes) -> Fitted | None:
    """Return the fit, or None where it was kept by a version with other parts."""
    with np.load(io.BytesIO(document), allow_pickle=False) as stored:
        arrays = dict(stored)
    plain = json.loads(arrays.pop("plain").tobytes())
    cells = tuple(str(cell) for cell in arrays.pop("cells"))
    values: dict[str, Any] = {}
    for field in fields(HiddenState):
        name = field.name
        if name in _EMPTY and name in plain:
            values[name] = np.zeros(tuple(plain[name]))
        elif f"{name}.data" in arrays:
            parts = tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
            values[name] = sparse.csr_array(parts, shape=(len(cells), len(cells)))
        elif name in arrays:
            values[name] = arrays[name]
        elif name in plain:
            values[name] = _plain(plain[name])
        else:
            return None
    return Fitted(state=HiddenState(**values), cells=cells)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return Levels(**{name: tuple(texts) for name, texts in value.items()})
    return tuple(value) if isinstance(value, list) else value


def data_hash(cells: Places, known: ModelInput) -> str:
    """Return the fingerprint of all that a fit reads."""
    data = site_evidence.model_data(cells, known.evidence, known.covariates, known.chosen)
    digest = hashlib.sha256(json.dumps([cells.cells[i] for i in known.chosen.tolist()]).encode())
    for field in fields(HiddenData):
        value = getattr(data, field.name)
        if isinstance(value, sparse.csr_array):
            value = np.concatenate([value.indptr, value.indices])
        if isinstance(value, np.ndarray):
            digest.update(np.ascontiguousarray(value).tobytes())
        else:
            digest.update(repr(value).encode())
    return digest.hexdigest()
