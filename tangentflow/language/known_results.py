"""What is known by name of results: what is new, what cannot change, what holds an argument; and what changes an argument."""

from __future__ import annotations

from tangentflow.language.known import PURE_METHODS, names

__all__ = [
    "ALIASES",
    "DRAWS",
    "FRESH_METHODS",
    "IMMUTABLE_METHODS",
    "IMMUTABLE_RESULTS",
    "ITERATORS",
    "MUTATES_FIRST",
]

ITERATORS = names(
    """
    builtins.enumerate builtins.filter builtins.iter builtins.map builtins.reversed builtins.zip heapq.merge re.finditer
    """
)
"""Callables (besides all of itertools) whose result is used up by reading it."""

ALIASES = names("copy.copy functools.partial functools.reduce operator.* typing.cast types.*")
"""Pure callables of libraries whose result may be, or hold, what they were given; others give a new value."""

DRAWS = names(
    """
    betavariate binomialvariate choices expovariate gammavariate gauss getrandbits integers lognormvariate normal
    normalvariate paretovariate randbytes randint random randrange sample standard_normal triangular uniform
    vonmisesvariate weibullvariate
    """
)
"""Methods of random generators; what they give has no part in common with the generator."""

MUTATES_FIRST = names(
    """
        bisect.insort bisect.insort_left bisect.insort_right heapq.heapify heapq.heappop heapq.heappush
    heapq.heappushpop heapq.heapreplace heapq.heapify_max heapq.heappop_max random.Random.shuffle operator.iadd
    operator.iand operator.iconcat operator.ior operator.ixor operator.isub operator.imul operator.setitem
    operator.delitem
    """
)
"""Callables that change their first argument."""

FRESH_METHODS = PURE_METHODS - {
    "get",
    "copy",
    "items",
    "keys",
    "values",
    "group",
    "expand",
    "format_map",
    "sub",
    "subn",
}
"""Those whose result shares nothing mutable with the receiver."""

IMMUTABLE_RESULTS = names(
    """
    builtins.all builtins.any builtins.ascii builtins.bin builtins.bool builtins.bytes builtins.callable
        builtins.chr builtins.complex builtins.float builtins.format builtins.hasattr builtins.hash builtins.hex
    builtins.int
    builtins.isinstance builtins.issubclass builtins.len builtins.oct builtins.ord builtins.range builtins.repr
        builtins.str builtins.type math.* cmath.* datetime.* decimal.Decimal fractions.* json.dumps re.compile
    re.escape re.sub
    string.* textwrap.dedent textwrap.indent textwrap.fill textwrap.shorten time.* uuid.* zlib.* base64.*
    statistics.mean statistics.fmean statistics.median statistics.mode statistics.stdev statistics.pstdev
    random.Random.random random.Random.randint random.Random.uniform random.Random.randrange random.Random.gauss
    pathlib.* posixpath.* ntpath.* binascii.* os.getenv os.getpid os.getcwd os.cpu_count os.fspath secrets.token_hex
    """
)
"""Callables with a result that cannot be changed; `IMMUTABLE_METHODS` for methods."""

IMMUTABLE_METHODS = names(
    """
        capitalize casefold center count encode endswith expandtabs find format index isalnum isalpha isascii
    isdecimal isdigit
    isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip removeprefix removesuffix
    replace rfind rindex rjust rstrip startswith strip swapcase title translate upper zfill decode hex
    isdisjoint issubset issuperset bit_count bit_length is_integer isoformat strftime date timestamp weekday isoweekday
    total_seconds as_posix is_absolute with_name with_stem with_suffix hexdigest digest
    """
)
