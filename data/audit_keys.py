"""
The key that seals the audit log: beside the store or from the environment, never in it.

The file holds the key and the number of the first entry sealed with it, so that
nobody can pass a log without seals for one that never had any. Who has the key
can write the log anew: on a server of several people keep it where the owner of
the database can't read it (``MEDPATROL_AUDIT_KEY``).
"""

import base64
import hmac
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from data.store import postgres
from data.store.engine import Store
from errors import StoreError

KEY_VARIABLE = "MEDPATROL_AUDIT_KEY"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class SealKey:
    """A key, its public name, and the first entry it seals."""

    key_id: str
    secret: bytes
    first: int

    def seal(self, text: bytes) -> str:
        """Return the HMAC-SHA-256 of a text."""
        return hmac.digest(self.secret, text, "sha256").hex()

    def signer(self) -> Ed25519PrivateKey:
        """Return the key that signs anchors."""
        seed = hmac.digest(self.secret, b"medpatrol anchor", "sha256")
        return Ed25519PrivateKey.from_private_bytes(seed)


def of_connection(conn: Connection, *, next_entry: int) -> SealKey:
    """Return the store's key; one that has none gets one that seals from ``next_entry`` on."""
    url = conn.engine.url
    is_file = url.get_backend_name() == "sqlite"
    files = Path(url.database or "") if is_file else postgres.files_path(url)
    path = _path(files)
    found = _read(path)
    if found is None:
        _write_new(path, first=next_entry)
        found = _read(path)
    if found is None:
        raise StoreError("打不开审计密钥文件 {file}", file=path.name)
    return found


def of_store(store: Store) -> SealKey | None:
    """Return the store's key, ``None`` where it has none."""
    return _read(_path(store.path))


def _path(files: Path) -> Path:
    return files.with_name(files.name + ".audit.key")


def _read(path: Path) -> SealKey | None:
    given = os.environ.get(KEY_VARIABLE)
    try:
        text = path.read_text(encoding="ascii") if given is None else given
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError("打不开审计密钥文件 {file}", file=path.name) from error
    parts = text.split()
    try:
        secret = base64.b64decode(parts[0], validate=True)
        first = int(parts[1]) if len(parts) > 1 else 1
    except (ValueError, IndexError):
        secret, first = b"", 1
    if len(secret) != _KEY_BYTES:
        raise StoreError("审计密钥应为 {n} 字节的 Base64 文本", n=_KEY_BYTES)
    return SealKey(sha256(b"audit" + secret).hexdigest()[:16], secret, first)


def _write_new(path: Path, *, first: int) -> None:
    text = base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except FileExistsError:
        return  # another process was faster
    except OSError as error:
        raise StoreError("不能写入审计密钥文件 {file}", file=path.name) from error
    with os.fdopen(handle, "w", encoding="ascii") as target:
        target.write(f"{text} {first}\n")
        target.flush()
        os.fsync(target.fileno())
