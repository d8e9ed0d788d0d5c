"""What is known by name: which callables are pure, impure, messages, or reach outside.

Tables go by the module and qualified name that a callable carries itself, so aliases (`from math import sqrt as root`) need
no care. `*` in a table stands for every name of the module, its submodules included; a name of its own goes before it.
"""

from __future__ import annotations

import types
from collections.abc import Iterator

__all__ = [
    "CALLS_BACK",
    "INFINITE",
    "MESSAGE_METHODS",
    "OUTSIDE_METHODS",
    "PURE_METHODS",
    "SEEDED",
    "attribute",
    "candidates",
    "is_builtin_method",
    "lookup",
    "names",
    "qualified_name",
]

_PURE = {
    "builtins": """abs all any ascii bin bool bytearray bytes callable chr complex dict dir divmod enumerate filter float
            format frozenset getattr hasattr hash hex int isinstance issubclass iter len list map max min oct ord pow
    property
        range repr reversed round set slice sorted str sum tuple type zip""",
    "base64": "*",
    "binascii": "*",
    "bisect": "bisect bisect_left bisect_right",
    "blake2": "*",
    "calendar": "monthrange isleap leapdays weekday timegm",
    "cmath": "*",
    "collections": "ChainMap Counter OrderedDict UserDict UserList UserString defaultdict deque namedtuple",
    "colorsys": "*",
    "copy": "copy deepcopy replace",
    "dataclasses": "asdict astuple fields is_dataclass replace field",
    "datetime": "*",
    "decimal": "Decimal",
    "difflib": "*",
    "enum": "*",
    "fnmatch": "*",
    "fractions": "*",
    "functools": "cmp_to_key partial reduce",
    "genericpath": "commonprefix",
    "hashlib": "*",
    "heapq": "merge nlargest nsmallest",
    "html": "*",
    "http": "HTTPStatus",
    "ipaddress": "*",
    "itertools": "*",
    "json": "dumps loads JSONDecodeError",
    "keyword": "*",
    "logging": "getLogger getLevelName",
    "math": "*",
    "md5": "*",
    "numbers": "*",
    "operator": "*",
    "os": "fspath fsencode fsdecode",
    "path": "join basename dirname split splitext splitdrive normpath normcase isabs commonpath commonprefix",
    "pathlib": "Path PosixPath WindowsPath PurePath PurePosixPath PureWindowsPath PurePath.* PurePathBase.*",
    "posixpath": "join basename dirname split splitext splitdrive normpath normcase isabs commonpath relpath",
    "ntpath": "join basename dirname split splitext splitdrive normpath normcase isabs commonpath",
    "re": "*",
    "sha1": "*",
    "sha2": "*",
    "sha3": "*",
    "sha256": "*",
    "sha512": "*",
    "shlex": "split quote join",
    "statistics": "*",
    "string": "*",
    "struct": "*",
    "textwrap": "*",
    "types": "SimpleNamespace MappingProxyType",
    "typing": "cast NamedTuple",
    "unicodedata": "*",
    "urllib.parse": "*",
    "uuid": "UUID uuid3 uuid5",
    "zlib": "*",
    "zoneinfo": "ZoneInfo",
}

_IMPURE = {
    "datetime": "datetime.now datetime.today datetime.utcnow date.today",
    "getpass": "getuser",
    "locale": "*",
    "numpy.random": "*",
    "os": """getpid getppid getenv getenvb getcwd getcwdb getlogin getuid geteuid getgid getgroups uname urandom cpu_count
        process_cpu_count times getloadavg get_exec_path environ.get""",
    "path": "abspath expanduser expandvars",
    "platform": "*",
    "posixpath": "abspath expanduser expandvars",
    "ntpath": "abspath expanduser expandvars",
    "random": "*",
    "secrets": "*",
    "time": "*",
    "uuid": "uuid1 uuid4 uuid6 uuid7 uuid8 getnode",
}

_MESSAGE = {
    "builtins": "print",
    "logging": """critical debug error exception fatal info log warn warning Logger.critical Logger.debug Logger.error
        Logger.exception Logger.fatal Logger.info Logger.log Logger.warn Logger.warning LoggerAdapter.critical
        LoggerAdapter.debug LoggerAdapter.error LoggerAdapter.exception LoggerAdapter.info LoggerAdapter.log
        LoggerAdapter.warning""",
    "pprint": "pprint pp",
    "warnings": "warn warn_explicit",
}

_OUTSIDE = {
    "aiohttp": "*",
    "asyncio": "*",
    "boto3": "*",
    "botocore": "*",
    "builtins": "input open",
    "concurrent": "*",
    "dbm": "*",
    "docker": "*",
    "fileinput": "*",
    "fsspec": "*",
    "ftplib": "*",
    "gcsfs": "*",
    "genericpath": "*",
    "getpass": "getpass",
    "glob": "glob iglob glob0 glob1",
    "gzip": "open GzipFile",
    "bz2": "open BZ2File",
    "lzma": "open LZMAFile",
    "http": "*",
    "httpx": "*",
    "imaplib": "*",
    "io": "FileIO open open_code",
    "joblib": "dump load",
    "json": "dump load",
    "kubernetes": "*",
    "logging": "basicConfig FileHandler config.dictConfig config.fileConfig",
    "logging.config": "*",
    "mmap": "*",
    "multiprocessing": "*",
    "numpy": "fromfile genfromtxt load loadtxt memmap save savetxt savez savez_compressed",
    "os": "*",
    "pandas": """read_clipboard read_csv read_excel read_feather read_fwf read_hdf read_html read_json read_orc read_parquet
        read_pickle read_sas read_spss read_sql read_sql_query read_sql_table read_stata read_table read_xml""",
    "paramiko": "*",
    "path": "*",
    "pathlib": "*",
    "pickle": "dump load",
    "posixpath": "*",
    "ntpath": "*",
    "psycopg2": "*",
    "pymongo": "*",
    "redis": "*",
    "requests": "*",
    "s3fs": "*",
    "select": "*",
    "shelve": "*",
    "shutil": "*",
    "signal": "*",
    "smtplib": "*",
    "socket": "*",
    "sqlalchemy": "*",
    "sqlite3": "*",
    "ssl": "*",
    "subprocess": "*",
    "sys": "stdin.read stdin.readline",
    "tarfile": "*",
    "telnetlib": "*",
    "tempfile": "*",
    "threading": "*",
    "torch": "load save",
    "urllib": "*",
    "urllib3": "*",
    "webbrowser": "*",
    "zipfile": "*",
}

_OPAQUE = {
    "hashlib": "file_digest",
    "operator": """iadd iand iconcat ifloordiv ilshift imatmul imod imul ior ipow irshift isub itruediv ixor setitem
        delitem""",
    "os": "strerror PathLike",
    "re": "purge",
    "struct": "pack_into",
}


def _read(tables: dict[str, dict[str, str]]) -> dict[str, str]:
    return {
        f"{module}.{name}": kind
        for kind, table in tables.items()
        for module, names in table.items()
        for name in names.split()
    }


_NAMES = _read({"outside": _OUTSIDE, "impure": _IMPURE, "message": _MESSAGE, "pure": _PURE, "opaque": _OPAQUE})

_ALIASES = {"posix": "os", "nt": "os", "_pydatetime": "datetime", "_pydecimal": "decimal", "sre_compile": "re"}
_SAME = {"io.open": "builtins.open", "_io.open": "builtins.open", "_warnings.warn": "warnings.warn"}


def attribute(obj: object, name: str) -> object:
    """Return an attribute of any object, None if there is none or reading it fails."""
    try:
        return getattr(obj, name, None)
    except Exception:  # an object with a __getattr__ of its own; what cannot be looked at is not known
        return None


def qualified_name(obj: object) -> str:
    """Return `module.qualname` of a callable, "" if it does not say so.

        Methods of built-in types are `builtins.list.append`, class methods `datetime.datetime.now`; modules are those
    where the
    public name lives (`os` for `posix`, `operator` for `_operator`).
    """
    qualname = attribute(obj, "__qualname__")
    if type(qualname) is not str:
        return ""
    module = attribute(obj, "__module__")
    if type(module) is not str:
        owner = attribute(obj, "__objclass__") or attribute(obj, "__self__")
        if owner is not None and not isinstance(owner, type):
            owner = type(owner)
        module = attribute(owner, "__module__")
        if type(module) is not str:
            return ""
    full = f"{module}.{qualname}"
    if full in _SAME:
        return _SAME[full]
    first, *rest = module.split(".")
    first = _ALIASES.get(first, first)
    if first.startswith("_") and not first.startswith("__"):
        first = first[1:]
    return ".".join([first, *[part for part in rest if not part.startswith("_")], qualname])


_FLAT = frozenset({"joblib", "numpy", "pandas", "torch"})  # packages that define elsewhere what they show at the top


def candidates(full: str) -> Iterator[str]:
    """Yield the table keys of a name, most specific first."""
    yield full
    package = full.partition(".")[0]
    if package in _FLAT:
        yield f"{package}.{full.rpartition('.')[2]}"
    while "." in full:
        full = full.rpartition(".")[0]
        yield f"{full}.*"


def lookup(full: str) -> str | None:
    """Return the kind of the callable of this qualified name; None if it is not known."""
    return next((_NAMES[key] for key in candidates(full) if key in _NAMES), None)


def names(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


INFINITE: dict[str, str] = {
    "itertools.count": "use `range(n)` or `enumerate(xs)`, or count in a `while` loop",
    "itertools.cycle": "use `xs[i % len(xs)]`",
    "itertools.repeat": "say how often: `itertools.repeat(x, n)`, or `[x] * n`",
}
"""Iterables without an end: what to write instead."""

SEEDED = names(
    """
    random.Random numpy.random.default_rng numpy.random.Generator numpy.random.RandomState numpy.random.SeedSequence
    numpy.random.mtrand.RandomState
    """
)
"""Random generators that give the same numbers each time if they are made with a seed."""

CALLS_BACK = names(
    """
        builtins.filter builtins.map functools.partial functools.reduce functools.cmp_to_key itertools.accumulate
    itertools.dropwhile itertools.filterfalse itertools.groupby itertools.starmap itertools.takewhile re.sub re.subn
    collections.defaultdict builtins.list.sort
    """
)
"""Pure callables that call a function which is passed to them by position."""

PURE_METHODS = names(
    """
        capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha
    isascii isdecimal
        isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans
    partition
        removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith
    strip swapcase
    title translate upper zfill decode hex fromhex
    copy get items keys values fromkeys most_common elements total
    difference intersection isdisjoint issubset issuperset symmetric_difference union
    as_integer_ratio bit_count bit_length conjugate is_integer to_bytes from_bytes
    isoformat strftime date timetz timestamp weekday isoweekday isocalendar astimezone utcoffset total_seconds timetuple
    toordinal fromisoformat fromtimestamp fromordinal strptime
    as_posix as_uri is_absolute is_relative_to joinpath relative_to with_name with_stem with_suffix
    end expand group groupdict groups span start fullmatch search finditer sub subn findall
    quantize normalize
    _asdict _replace hexdigest digest
    """
)
"""Methods of built-in and well-known types that neither change their receiver nor reach anything else."""

OUTSIDE_METHODS = names(
    """
    chmod exists expanduser glob hardlink_to is_dir is_file is_mount is_symlink iterdir lchmod lstat mkdir open owner
    read_bytes read_text readlink rglob rmdir samefile stat symlink_to touch unlink write_bytes write_text
    to_csv to_excel to_feather to_hdf to_parquet to_pickle to_sql savefig tofile
    """
)
"""Methods that read or write files, whatever their receiver is."""

MESSAGE_METHODS = names(
    """
    critical debug error exception fatal info log warn warning
    """
)
"""Methods of loggers that write a message."""


def is_builtin_method(obj: object) -> bool:
    """Whether a callable is a method of a type written in C, bound to an object that is no module or class."""
    return isinstance(obj, (types.BuiltinMethodType, types.MethodWrapperType)) and not isinstance(
        obj.__self__, (types.ModuleType, type, type(None))
    )
