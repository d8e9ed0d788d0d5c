"""Values in an object store, each under its digest. The journal that knows them stays on a local disk, and has a place of its own there.

So what two journals have under one address is never confused: the values of one lie under its own number, and only it removes them.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import hashlib
import importlib
import os
import re
import secrets
import socket
from collections.abc import Callable, Container
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tangentflow.engine.values import Damaged
from tangentflow.errors import TangentflowError, UsageError

__all__ = ["ObjectValues", "address_of", "folder_of", "opened", "plain_http", "s3_endpoint"]

T = TypeVar("T")

_AT = "at"
"""The directory in a store that has the journals of values that lie elsewhere, each in a directory of its own."""
_ADDRESS = "address"
_NUMBER = "number"
_AT_A_TIME = 16
"""So many values are written at a time."""
_FRESH = datetime.timedelta(minutes=30)
"""A value that was written so long ago is written again before it goes on record, so that nobody sweeps it away before that."""

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]+):(/*)(.*?)/*\s*\Z", re.DOTALL)
_SCHEMES = frozenset({"s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl", "file", "http", "https"})

_addresses: dict[Path, str] = {}
"""Addresses by directory, of those that this process was asked for and may not have made."""
_pid: list[int] = []
"""The process that was the first to open an object store: in a fork of it the library's threads are missing, and a call would hang."""


def folder_of(store: str | os.PathLike[str], home: Path) -> Path | None:
    """Return the directory for the journal of what lies at an address; None if it is none.

    Raises UsageError for what looks like an address and names no place that lasts.
    """
    found = _SCHEME.match(os.fspath(store))
    if found is None or len(found[1]) == 1:  # a drive of Windows
        return None
    scheme, slashes, rest = found[1].lower(), found[2], found[3]
    if scheme not in _SCHEMES and len(slashes) < 2:
        return None
    address = f"{scheme}://{'/' if scheme == 'file' else ''}{rest}"
    if (
        scheme not in _SCHEMES
        or not isinstance(store, str)
        or len(slashes) < 2
        or not rest
        or not address.isprintable()
    ):
        raise UsageError(
            f"{os.fspath(store)!r} is no address of an object store: write it as text such as 's3://bucket/prefix', 'gs://bucket', "
            "'az://container' or 'file:///directory'"
        )
    slug = re.sub(r"[^A-Za-z0-9]+", "-", address).strip("-")[:60]
    folder = home / _AT / f"{slug}-{hashlib.blake2b(address.encode(), digest_size=6).hexdigest()}"
    _addresses[folder] = address
    return folder


def address_of(folder: Path) -> str | None:
    """Return the address that the values of a store's directory lie at; None if they lie in it."""
    if folder.parent.name != _AT:
        return None
    if folder not in _addresses:
        try:
            _addresses[folder] = (folder / _ADDRESS).read_text()
        except OSError:
            return None
    return _addresses[folder]


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
    if not _pid:
        _pid.append(os.getpid())
    if _pid[0] != os.getpid():
        raise UsageError(
            f"{address!r} cannot be reached from a process that was forked from one which has used an object store: start it anew "
            "(multiprocessing's method 'spawn')"
        )
    options = plain_http(s3_endpoint("")) if address.startswith(("s3://", "s3a://")) else {}
    try:
        return store.from_url(address, **options)
    except Exception as error:
        raise UsageError(f"the object store {address!r} cannot be opened: {_first_line(error)}") from error


def s3_endpoint(default: str) -> str:
    """Return the address of an S3 service: AWS's variables say where this machine reaches it."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or default


def plain_http(address: str) -> dict[str, Any]:
    """Return the options of obstore for a service at this address, which may be one without TLS."""
    return {"client_options": {"allow_http": True}} if address.startswith("http://") else {}


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


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
        if not (self.folder / _ADDRESS).exists():
            _put_once(self.folder / _ADDRESS, lambda about: self.address)
        if not (self.folder / _NUMBER).exists():
            _put_once(self.folder / _NUMBER, lambda about: f"{secrets.token_hex(8)} {_identity(about)}")

    @functools.cached_property
    def _store(self) -> Any:
        return opened(self.address)

    @functools.cached_property
    def _own(self) -> tuple[str, bool]:
        """The number, and whether it was given to this directory: else that is a copy of the one to which the values belong."""
        file = self.folder / _NUMBER
        try:
            (number, _, identity), about = file.read_text().partition(" "), file.stat()
        except OSError as error:
            raise Damaged(
                f"{file}, the place of the store's values at {self.address}, cannot be read: {error.strerror}"
            ) from error
        if len(number) != 16:
            raise Damaged(f"{file}, the place of the store's values at {self.address}, is damaged")
        return number, identity == _identity(about)

    def _key(self, digest: str) -> str:
        return f"{self._own[0]}/{digest[:2]}/{digest[2:]}"

    def put(self, digest: str, data: bytes) -> None:
        """Begin to write a value."""
        if digest in self._pending:
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_AT_A_TIME, thread_name_prefix="tangentflow-store")
        work = functools.partial(self._told, "written to", self._write, self._key(digest), data)
        try:
            self._pending[digest] = self._pool.submit(work)
        except RuntimeError:  # the interpreter is about to end
            work()

    def _write(self, key: str, data: bytes) -> None:
        try:
            about = self._store.head(key)
        except self._missing:
            about = None
        if about is None or about["size"] != len(data) or _now() - about["last_modified"] >= _FRESH:
            self._store.put(key, data)

    def settle(self) -> None:
        """Wait until all that was put is there. Raises TangentflowError if some of it could not be written."""
        pending, self._pending = self._pending, {}
        errors = [written.exception() for written in pending.values()]
        for error in errors:
            if error is not None:
                raise error

    def get(self, digest: str) -> bytes:
        """Return a value. Raises Damaged if there is none, TangentflowError if the object store does not answer."""
        if digest in self._pending:
            self._pending[digest].result()  # it stays there: who settles is told that it failed
        found = self._told("read from", self._read, digest)
        if found is None:
            raise Damaged(f"the value {digest} is not in the store {self.address}")
        return found

    def _read(self, digest: str) -> bytes | None:
        try:
            return bytes(self._store.get(self._key(digest)).bytes())
        except self._missing:
            return None

    def drop(self, digest: str) -> None:
        """Remove a value, so that it can be written anew."""
        self._told("written to", self._delete, self._key(digest))

    def _delete(self, key: str) -> None:
        with contextlib.suppress(*self._missing):
            self._store.delete(key)

    def sweep(self, needed: Container[str], before: float) -> int:
        """Remove the values that are not needed and were written before a time; return how many bytes that was.

        Raises UsageError in a copy of a journal, which does not know what is needed.
        """
        if not (self.folder / _NUMBER).exists():
            return 0
        if not self._own[1]:
            raise UsageError(
                f"nothing is removed from {self.address}: the journal in {self.folder} is a copy, and the values may be those of the first one"
            )
        return self._told("swept", self._sweep, needed, before)

    def _sweep(self, needed: Container[str], before: float) -> int:
        freed, number = 0, self._own[0]
        for group in self._store.list(number):
            for about in group:
                digest = about["path"].removeprefix(f"{number}/").replace("/", "")
                if digest not in needed and about["last_modified"].timestamp() < before:
                    self._delete(about["path"])
                    freed += about["size"]
        return freed

    @property
    def _missing(self) -> tuple[type[BaseException], ...]:
        """What the object store raises for what is not there."""
        return (FileNotFoundError, importlib.import_module("obstore.exceptions").NotFoundError)

    def _told(self, what: str, work: Callable[..., T], *args: object) -> T:
        """Call `work`; raise TangentflowError for what the object store says."""
        _ = self._store  # this tells if the package is not there
        errors = (importlib.import_module("obstore.exceptions").BaseError, OSError)
        try:
            return work(*args)
        except errors as error:
            raise TangentflowError(f"the store {self.address} cannot be {what}: {_first_line(error)}") from error


def _put_once(file: Path, text: Callable[[os.stat_result], str]) -> None:
    """Write a file whole, unless somebody else is quicker; `text` is given what the system knows about it."""
    scratch = file.with_name(f"new-{secrets.token_hex(8)}")
    with open(scratch, "w") as stream:
        stream.write(text(os.fstat(stream.fileno())))
        stream.flush()
        os.fsync(stream.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(scratch, file)
    scratch.unlink()


def _identity(about: os.stat_result) -> str:
    """Return what tells a file from a copy of it."""
    return f"{about.st_dev}:{about.st_ino} {socket.gethostname()}"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
