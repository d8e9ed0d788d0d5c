"""`@step` and `@workflow`: ordinary functions that know how they may be scheduled.

Decoration parses nothing and changes nothing: called plainly, both are the function that they decorate. This module is
also loaded inside pods, so it imports only the standard library.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast, overload

from tangentflow.errors import LateRefusal
from tangentflow.runtime.glue import in_glue
from tangentflow.runtime.policies import Policy

try:
    from tangentflow.checks import check_names, check_step, check_workflow
except ModuleNotFoundError:  # in a pod, which comes without it: what runs there has passed the checks

    def check_names(kind: str, given: Iterable[str], known: Collection[str]) -> None:
        """Check nothing."""

    def check_step(name: str, options: Mapping[str, Any], module: str = "", derived: bool = False) -> None:
        """Check nothing."""

    def check_workflow(name: str, options: Mapping[str, Any]) -> None:
        """Check nothing."""


if TYPE_CHECKING:
    from tangentflow.client.run import ArgoRun
    from tangentflow.compiled import Graph
    from tangentflow.engine.run import Run

__all__ = ["BoundCall", "BoundWorkflow", "StepFunction", "WorkflowFunction", "step", "workflow"]

P = ParamSpec("P")
R = TypeVar("R")

LOCAL_OPTIONS = frozenset({"workers", "executor", "store", "reuse", "cache", "progress", "on_event"})
SUBMIT_OPTIONS = frozenset({"namespace", "artifacts", "reuse", "cache", "store"})
SIMULATE_OPTIONS = frozenset({"reuse", "cache", "store"})
RUN_OPTIONS = LOCAL_OPTIONS | SUBMIT_OPTIONS


class _Decorated(Generic[P, R]):
    """What steps and workflows share: they look like, pickle as and call their function."""

    __wrapped__: Callable[P, R]
    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[P, R], options: Mapping[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self._options = dict(options)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if in_glue():
            raise LateRefusal(
                f"{self.__qualname__} was called through a value, so that the compiler did not see the call; "
                "call it by its own name in a @workflow"
            )
        kwargs.pop("after", None)  # it orders steps; a plain call has its order
        if os.environ.get("TANGENTFLOW_CHECK", "0") not in ("", "0"):
            return self._checked(args, kwargs)
        return self.function(*args, **kwargs)

    def _checked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        """Call the function, looking for what a run would do otherwise."""
        return self.function(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(cast(Any, self), instance)

    def __reduce__(self) -> Any:
        """Pickle by reference where the name leads back here, else by value (notebooks, scripts, nested functions)."""
        found: Any = sys.modules.get(self.__module__)
        for part in self.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is self and self.__module__ != "__main__":
            return self.__qualname__
        return (type(self), (self.function, self._options))

    @property
    def options_given(self) -> tuple[str, ...]:
        """The names of the options that were given to the decorator."""
        return tuple(self._options)

    def option(self, name: str, default: Any = None) -> Any:
        """Return what was given for an option of the decorator."""
        return self._options.get(name, default)


class StepFunction(_Decorated[P, R]):
    """A function whose calls in a workflow are scheduled one by one: one pod each on Argo.

    `base` is the step as it was declared: itself, but for what `options()` gives. `adapted` makes its function for given options, if it is to
    know of them.
    """

    base: StepFunction[P, R]
    adapted: Callable[[Callable[P, R], Mapping[str, Any]], Callable[P, R]] | None = None

    def __init__(
        self, function: Callable[P, R], options: Mapping[str, Any], base: StepFunction[P, R] | None = None
    ) -> None:
        if not inspect.isfunction(function):
            raise TypeError(f"@step decorates a function, not {function!r}")
        check_step(function.__qualname__, options, function.__module__, base is not None)
        if inspect.isgeneratorfunction(function):
            raise TypeError(
                f"@step cannot decorate {function.__qualname__}, a generator: a step returns one value; "
                "collect the items in a list and return it"
            )
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"@step cannot decorate {function.__qualname__}, which is async: a step is a plain function, and each runs in a process of its own; "
                "call `asyncio.run(...)` in it"
            )
        if "after" in inspect.signature(function).parameters:
            raise TypeError(f"{function.__qualname__} has a parameter named 'after', which orders steps; rename it")
        super().__init__(function, options)
        self.policy = Policy.of(options)
        self.base = self if base is None else base

    def options(self, **options: Any) -> StepFunction[P, R]:
        """Return the same step with other options, which go before its own.

        They are those of `@step`. The steps that come ready-made (`container`, `resource`, `suspend`) have those that make sense for them.
        Raises TypeError or ValueError for an option that there is not, or that cannot be meant.
        """
        return derived(self.base, {**self._options, **options})

    def __reduce__(self) -> Any:
        reduced = super().__reduce__()
        return reduced if self.base is self or isinstance(reduced, str) else (derived, (self.base, self._options))

    def _checked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        from tangentflow.runtime.plain import call_step

        if not self.option("check", True):
            return self.function(*args, **kwargs)
        return cast(R, call_step(self.function, args, kwargs))

    def __repr__(self) -> str:
        return f"<step {self.__module__}.{self.__qualname__}>"


def derived(base: StepFunction[P, R], options: Mapping[str, Any]) -> StepFunction[P, R]:
    """Return a step with these options in place of its own."""
    function = base.function if base.adapted is None else base.adapted(base.function, options)
    return StepFunction(function, options, base)


class BoundWorkflow(Generic[P, R]):
    """A workflow together with options for its runs."""

    def __init__(self, workflow: WorkflowFunction[P, R], options: Mapping[str, Any]) -> None:
        check_names("options()", options, RUN_OPTIONS)
        self.workflow = workflow
        self._options = dict(options)

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Run:
        """Run the lowered graph on this machine; return the finished run, failed or not."""
        from tangentflow.engine.local import run

        options = self._only(LOCAL_OPTIONS)
        if options.get("reuse") is not None:
            from tangentflow.client.earlier import earlier

            options["reuse"] = earlier(options["reuse"], options.get("store"))
        return run(self.workflow.graph, args, kwargs, **options)

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> ArgoRun:
        """Submit the workflow to Argo; return at once with a live run. See `tangentflow.client.submit`."""
        from tangentflow.client.submit import submit

        return submit(self.workflow.graph, args, kwargs, **self._only(SUBMIT_OPTIONS))

    def _only(self, names: frozenset[str]) -> dict[str, Any]:
        return {name: value for name, value in self._options.items() if name in names}

    def simulate(self, *args: P.args, **kwargs: P.kwargs) -> Run:
        """Run the emitted Argo document on this machine, as the controller would; return the finished run."""
        from tangentflow.client.simulating import simulate

        return simulate(self.workflow.graph, args, kwargs, **self._only(SIMULATE_OPTIONS))


class BoundCall(Generic[R]):
    """A workflow with the arguments of a call. The arguments are checked at once; the values are those of this moment."""

    def __init__(
        self, workflow: WorkflowFunction[..., R], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> None:
        from tangentflow.runtime.slices import bind

        self.workflow = workflow
        self.args = args
        self.kwargs = dict(kwargs or {})
        self.arguments = bind(cast(types.FunctionType, workflow.function), self.args, self.kwargs)

    def __call__(self) -> R:
        """Call the workflow plainly."""
        return self.workflow(*self.args, **self.kwargs)

    def __repr__(self) -> str:
        given = [*map(repr, self.args), *[f"{name}={value!r}" for name, value in self.kwargs.items()]]
        return f"{self.workflow.__qualname__}.bind({', '.join(given)})"

    def __reduce__(self) -> Any:
        return BoundCall, (self.workflow, self.args, self.kwargs)


class WorkflowFunction(_Decorated[P, R]):
    """A function that is compiled to a graph of steps; called, it is plain Python."""

    def __init__(self, function: Callable[P, R], options: Mapping[str, Any]) -> None:
        if not inspect.isfunction(function):
            raise TypeError(f"@workflow decorates a function, not {function!r}")
        check_workflow(function.__qualname__, options)
        super().__init__(function, options)
        self._graph: Graph | None = None

    def _checked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        from tangentflow.runtime.plain import call_workflow

        return cast(R, call_workflow(self.function, args, kwargs))

    def __repr__(self) -> str:
        return f"<workflow {self.__module__}.{self.__qualname__}>"

    @property
    def graph(self) -> Graph:
        """The compiled graph, made at first use, and again when a name in it has got another meaning. Raises LanguageError with all offences at once."""
        exit_ = None if self._graph is None else self._graph.exit
        if self._graph is None or not self._graph.is_current() or (exit_ is not None and not exit_.is_current()):
            from tangentflow.compile import compile_workflow

            self._graph = compile_workflow(self)
        return self._graph

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> BoundCall[R]:
        """Return this workflow with the arguments of a call, for `merge` and `shared`. Raises TypeError if they do not fit."""
        return BoundCall(self, args, kwargs)

    def options(self, **options: Any) -> BoundWorkflow[P, R]:
        """Return this workflow with options for its runs.

        `workers` (how many steps run at a time), `executor` ("process", "thread", "inline", "slurm" or `Slurm(...)`), `store` (the directory for values and the journal,
        False: none), `reuse` (an earlier run of any kind, or its id, of which step runs are taken over), `cache` (True: as if every step had it, False: none),
        `progress` (True: show the run while it runs), `on_event` (a function that is called with each `Event`).
        """
        return BoundWorkflow(self, options)

    def run(self, *args: P.args, **kwargs: P.kwargs) -> Run:
        """Run the lowered graph on this machine; return the finished run, failed or not."""
        return BoundWorkflow(self, {}).run(*args, **kwargs)

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> ArgoRun:
        """Submit the workflow to Argo, to where the environment says as for the `argo` command; return at once with a live run."""
        return BoundWorkflow(self, {}).submit(*args, **kwargs)

    def simulate(self, *args: P.args, **kwargs: P.kwargs) -> Run:
        """Run the emitted Argo document on this machine, as the controller would; return the finished run."""
        return BoundWorkflow(self, {}).simulate(*args, **kwargs)


@overload
def step(function: Callable[P, R], /) -> StepFunction[P, R]: ...
@overload
def step(**options: Any) -> Callable[[Callable[P, R]], StepFunction[P, R]]: ...
def step(function: Callable[P, R] | None = None, /, **options: Any) -> Any:
    """Declare a function a step.

    Order: `pure` (does not wait for effects), `ordered` (keeps program order everywhere, loops included). Failures: `retries=n` makes n+1
    attempts, `on` names the exceptions that are tried again (default: all), `backoff` is the pause before the second attempt and doubles from
    there ("0.2s", "1m"), `timeout` bounds each attempt. `cache` (True, or the age up to which a value counts) keeps values between runs and
    implies `pure`. `env` sets environment variables, `max_concurrent` bounds how many run at a time, `executor` says where a local run
    executes it ("process", "thread", "inline", "slurm" or `Slurm(...)`), `check=False` turns the check for changed arguments off, `name` is shown in runs.

    On Argo: `image`, `cpu`, `memory`, `gpu`, `chunk` (items of a fan-out to a pod), `secrets`, `volumes`, `labels`, `annotations`,
    `node_selector`, `tolerations`, `service_account`, and `argo` (any other field of the template). A local run says that it does
    without them, except that it needs the variables of `secrets` and the paths of `volumes` to be there.

    Raises TypeError or ValueError for an option that there is not, or that cannot be meant.
    """
    if function is None:
        return lambda f: StepFunction(f, options)
    return StepFunction(function, options)


@overload
def workflow(function: Callable[P, R], /) -> WorkflowFunction[P, R]: ...
@overload
def workflow(**options: Any) -> Callable[[Callable[P, R]], WorkflowFunction[P, R]]: ...
def workflow(function: Callable[P, R] | None = None, /, **options: Any) -> Any:
    """Declare a function a workflow.

    Options: `max_iterations` (bound of each `while`, default 32,768), `name` (of its runs), `timeout` (of a run, which then fails with
    StepTimeout), `parallelism` (how many steps of one call run at a time), `on_exit` (a step or workflow that is called with the status of
    each run when it is over: "Succeeded", "Failed" or "Cancelled"). On Argo: `schedule` (a cron text or several: makes it a
    CronWorkflow) with its `timezone`, `ttl` (how long a finished run is kept), `pod_gc` (when pods are removed: "OnPodCompletion",
    "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"), `image`, `node_selector`, `tolerations`,
    `service_account` (of all pods that do not say otherwise), `volumes` (of all its steps; "tmp:1Gi" is one that they share), `labels`,
    `annotations` (of the run), and `argo` (any other field of the spec).

    Raises TypeError or ValueError for an option that there is not, or that cannot be meant.
    """
    if function is None:
        return lambda f: WorkflowFunction(f, options)
    return WorkflowFunction(function, options)
