"""Values in an object store, each under its digest. The journal that knows them stays on a local disk, and has a place of its own there.

So what two journals have under one address is never confused: the values of one lie under its own number, and only it removes them.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib
import os
import secrets
from collections.abc import Callable, Container
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from tangentflow.engine.values import Damaged
from tangentflow.errors import TangentflowError, UsageError

__all__ = ["ObjectValues", "address_of", "folder_of", "is_address", "opened"]

T = TypeVar("T")

_AT = "at"
"""The directory in a store that has the journals of values that lie elsewhere, each in a directory named after their address."""
_NUMBER = "number"
_AT_A_TIME = 16
"""So many values are written at a time."""
_FRESH = datetime.timedelta(minutes=30)
"""A value that was written so long ago is written again before it goes on record, so that nobody sweeps it away before that."""


def is_address(store: object) -> bool:
    """Whether a store is named by an address such as `s3://bucket/prefix`."""
    return isinstance(store, str) and "://" in store


def folder_of(address: str, home: Path) -> Path:
    """Return the directory for the journal of what lies at an address. Raises UsageError for an address that is too long to be a name."""
    name = quote(address.rstrip("/"), safe="")
    if len(name) > 200:
        raise UsageError(
            f"the address of a store has at most 200 characters, escaped as in a URL; {address!r} has {len(name)}"
        )
    return home / _AT / name


def address_of(folder: Path) -> str | None:
    """Return the address that the values of a store's directory lie at; None if they lie in it."""
    if folder.parent.name != _AT:
        return None
    address = unquote(folder.name)
    return address if is_address(address) else None


def opened(address: str) -> Any:
    """Return the object store at an address such as `s3://bucket/prefix`, with credentials of the environment.

    Raises UsageError if that is none, or the package for it is not installed.
    """
    try:
        store = importlib.import_module("obstore.store")
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{address!r} needs the package 'obstore', which is not installed: pip install 'tangentflow[store]'"
        ) from error
    options: dict[str, Any] = {}
    if address.startswith(("s3://", "s3a://")):
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
        if endpoint.startswith("http://"):
            options = {"client_options": {"allow_http": True}}
    try:
        return store.from_url(address, **options)
    except Exception as error:
        raise UsageError(f"{address!r} is no address of an object store: {error}") from error


class ObjectValues:
    """Values at an address. What is put is written in the background; `settle` waits for it."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.address = address
        self._pool: ThreadPoolExecutor | None = None
        self._pending: dict[str, Future[None]] = {}

    def create(self) -> None:
        """Give the journal its number at the address. Raises OSError, UsageError."""
        _ = self._store
        if (self.folder / _NUMBER).exists():
            return
        scratch = self.folder / f"new-{secrets.token_hex(8)}"
        scratch.write_text(secrets.token_hex(8))
        with contextlib.suppress(FileExistsError):  # somebody else was quicker
            os.link(scratch, self.folder / _NUMBER)
        scratch.unlink()

    @functools.cached_property
    def _store(self) -> Any:
        return opened(self.address)

    @functools.cached_property
    def _number(self) -> str:
        return (self.folder / _NUMBER).read_text()

    def _key(self, digest: str) -> str:
        return f"{self._number}/{digest[:2]}/{digest[2:]}"

    def put(self, digest: str, data: bytes) -> None:
        """Begin to write a value."""
        if digest in self._pending:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="tangentflow-store")
        self._pending[digest] = self._pool.submit(self._told, "written to", self._write, self._key(digest), data)

    def _write(self, key: str, data: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            about = self._store.head(key)
            if about["size"] == len(data) and _now() - about["last_modified"] < _FRESH:
                return
        self._store.put(key, data)

    def settle(self) -> None:
        """Wait until all that was put is there. Raises TangentflowError if it could not be written."""
        pending, self._pending = self._pending, {}
        for written in pending.values():
            written.result()

    def get(self, digest: str) -> bytes:
        """Return a value. Raises Damaged if there is none, TangentflowError if the object store does not answer."""
        self.settle()
        try:
            key = self._key(digest)
            return self._told("read from", lambda: bytes(self._store.get(key).bytes()))
        except FileNotFoundError as error:
            raise Damaged(f"the value {digest} is not in the store {self.address}") from error

    def drop(self, digest: str) -> None:
        """Remove a value, so that it can be written anew."""
        with contextlib.suppress(FileNotFoundError):
            self._told("written to", self._store.delete, self._key(digest))

    def sweep(self, needed: Container[str], before: float) -> int:
        """Remove the values that are not needed and were written before a time; return how many bytes that was."""
        with contextlib.suppress(FileNotFoundError):
            return self._told("swept:", self._sweep, needed, before)
        return 0

    def _sweep(self, needed: Container[str], before: float) -> int:
        freed = 0
        for group in self._store.list(self._number):
            for about in group:
                digest = about["path"].removeprefix(f"{self._number}/").replace("/", "")
                if digest not in needed and about["last_modified"].timestamp() < before:
                    self._store.delete(about["path"])
                    freed += about["size"]
        return freed

    def _told(self, what: str, work: Callable[..., T], *args: object) -> T:
        """Call `work`; raise TangentflowError for what the object store says, but FileNotFoundError as it is."""
        exceptions = importlib.import_module("obstore.exceptions")
        try:
            return work(*args)
        except FileNotFoundError:
            raise
        except exceptions.NotFoundError as error:
            raise FileNotFoundError(str(error)) from error
        except (exceptions.BaseError, OSError) as error:
            told = str(error).strip().splitlines()
            raise TangentflowError(
                f"the store {self.address} cannot be {what}: {told[0] if told else type(error).__name__}"
            ) from error


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
