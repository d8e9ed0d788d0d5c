"""Callables that a workflow may not call, by name: they look behind the scenes, or change the process that they are called in."""

from __future__ import annotations

from tangentflow.language.known import candidates, names

__all__ = ["HANDLED", "REFUSED", "REFUSED_EVERYWHERE", "refused_name"]

HANDLED = names("sys.exc_info sys.exception traceback.format_exc traceback.print_exc")
"""What asks for the exception that is being handled: a helper may do so in a handler of its own."""

_FRAMES = names(
    """
    sys._getframe inspect.currentframe inspect.stack inspect.trace traceback.extract_stack traceback.format_stack
    traceback.print_stack
    """
)
_SEEDING = names(
    """
    random.Random.seed random.Random.setstate numpy.random.seed numpy.random.RandomState.seed numpy.random.RandomState.set_state
    torch.manual_seed torch.seed torch.set_rng_state
    """
)
_LASTING = names(
    """
    sys.setrecursionlimit decimal.getcontext decimal.setcontext locale.setlocale numpy.seterr numpy.set_printoptions
    pandas.set_option pandas.reset_option torch.set_default_dtype torch.set_num_threads torch.use_deterministic_algorithms
    """
)
_PASSING = names(
    """
    sys.setswitchinterval sys.settrace sys.setprofile decimal.localcontext logging.disable logging.captureWarnings
    warnings.filterwarnings warnings.simplefilter warnings.resetwarnings socket.setdefaulttimeout signal.signal gc.disable gc.enable
    gc.freeze gc.set_threshold time.tzset os.umask os.nice faulthandler.enable
    """
)
"""What changes the process that it is called in; of the second kind a helper may do, and undo, what it likes."""

REFUSED: dict[str, tuple[str, str]] = {
    "builtins.exec": ("it runs code that cannot be analysed", "write the code as a function, or call exec in a @step"),
    "builtins.eval": ("it runs code that cannot be analysed", "use ast.literal_eval, or call eval in a @step"),
    "builtins.compile": ("it makes code that cannot be analysed", "write the code as a function"),
    "builtins.globals": ("other steps run elsewhere, with globals of their own", "pass the values as arguments"),
    "builtins.locals": ("which locals exist depends on what has run so far", "name the values: {'a': a, 'b': b}"),
    "builtins.vars": ("it hands out the namespace itself", "name the values, or use dataclasses.asdict(x)"),
    "builtins.super": ("a workflow is a plain function", "call the function of the base class by its name"),
    "builtins.id": ("values are equal across steps, not identical", "compare with `==`, or use a key of your own"),
    "builtins.__import__": ("which module it gives is not known at compile time", "write an import statement"),
    "importlib.import_module": ("which module it gives is not known at compile time", "write an import statement"),
    "builtins.setattr": ("which attribute changes is not known at compile time", "write `x.name = value`"),
    "builtins.delattr": ("which attribute goes is not known at compile time", "write `del x.name`"),
    "builtins.breakpoint": ("nobody can answer where the workflow runs", "debug the plain call, or put it into a step"),
    "builtins.help": ("nobody can answer where the workflow runs", "call it in an interpreter"),
    "sys.exit": ("its result is never used", "write `raise SystemExit(code)`"),
    "os._exit": ("it would end the process that hosts the glue", "write `raise SystemExit(code)`"),
    "os.abort": ("it would end the process that hosts the glue", "raise an exception"),
    "os.putenv": ("other steps run elsewhere and would not see the change", "use @step(env={...})"),
    "os.unsetenv": ("other steps run elsewhere and would not see the change", "use @step(env={...})"),
    "os.chdir": ("other steps run elsewhere and would not see the change", "pass the directory as an argument"),
    **dict.fromkeys(
        HANDLED,
        (
            "which exception is being handled is known only where the handler stands, and a call may be evaluated elsewhere",
            'name the exception, `except … as error:`; `"".join(traceback.format_exception(error))` is its traceback',
        ),
    ),
    **dict.fromkeys(_FRAMES, ("the frames around it are those of the process that evaluates it", "call it in a @step")),
    **dict.fromkeys(
        _LASTING | _PASSING,
        ("other steps run elsewhere and would not see the change", "call it in each step that needs it"),
    ),
    **dict.fromkeys(
        _SEEDING,
        (
            "it seeds the generator of one process, and steps run in others",
            "give each step a seed, `random.Random(seed)` or `np.random.default_rng(seed)`, or call it in the step",
        ),
    ),
}
"""Callables that are refused by name: why, and what to write instead."""


def refused_name(full: str) -> str:
    """Return the name under which a callable is refused; empty if it is not."""
    return next((key for key in candidates(full) if key in REFUSED), "")


REFUSED_EVERYWHERE = (
    names(
        """
    builtins.exec builtins.eval builtins.compile builtins.breakpoint builtins.help os._exit os.abort os.putenv os.unsetenv
    os.chdir
    """
    )
    | _SEEDING
    | _LASTING
)
"""Those of them that a helper may not call either."""
