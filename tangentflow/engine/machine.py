"""The interpreter of graphs: it tells which steps can run, and takes their outcomes.

One rule decides everything: a slice is run; if it meets an outcome that is not recorded, it is run again when that outcome is there.
The machine has no clock and starts nothing by itself, so any engine can drive it: one that runs steps in processes, or a
judge that picks them in the worst possible order.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from tangentflow.decorators import StepFunction, WorkflowFunction
from tangentflow.engine.bodies import Bodies
from tangentflow.engine.fans import Fan, Fans
from tangentflow.engine.frames import Frame, Heads, Recorded, spell
from tangentflow.engine.questions import Poll, Questions
from tangentflow.errors import InternalError, MutatedArgument, NotPicklable, UsageError
from tangentflow.graph.nodes import Call, Flow, Glue, Graph, Loop, Region, Slice, Step
from tangentflow.runtime.codec import decode, encode, holds_files, roundtrip
from tangentflow.runtime.glue import inside
from tangentflow.runtime.iterators import iterator_among, refusal
from tangentflow.runtime.once import Once, failed
from tangentflow.runtime.outcome import Outcome, Raised, Value
from tangentflow.runtime.replay import SKIP, Address, Done, Next, NotRun, Replay, Returned, Scanned, Threw
from tangentflow.runtime.slices import bind, slice_function

__all__ = ["Machine", "Ready"]

Indices = tuple[int, ...]


@dataclass(eq=False, slots=True)
class Ready:
    """A step run that can start: the step, the function to call, its arguments."""

    frame: Frame
    node: Step
    indices: Indices
    step: StepFunction[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    @property
    def path(self) -> str:
        """The path of the step run."""
        return spell(self.frame.path, self.node.id, self.indices)


class Memory(Protocol):
    """What an engine may keep of expressions that are evaluated once: `operands` is the digest of what they are evaluated on."""

    def recall_glue(self, frame: Frame, node: Glue, indices: Indices, operands: str) -> bytes | None:
        """Return the encoded outcome that an expression is to have, None if it is to be evaluated."""

    def keep_glue(self, frame: Frame, node: Glue, indices: Indices, operands: str, data: bytes) -> None:
        """Take the encoded outcome of an expression that was evaluated."""


class Machine:
    """One run of a graph.

    If it is `lazy`, iterations of fan-outs are opened one by one, by `more`; else all at once.
    """

    def __init__(
        self, graph: Graph, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, always_copy: bool = False, messages: bool = True,
        memory: Memory | None = None, path: str = "", lazy: bool = False,
    ) -> None:  # fmt: skip
        self.graph = graph
        self.memory = memory
        self.always_copy = always_copy
        self.messages = messages
        self.ready: list[Ready] = []
        self.running = 0
        self.lazy = lazy
        self.result: Outcome | None = None
        self._flows = {flow.key: flow for flow in graph.flows}
        self._compiled: dict[int, Callable[[Replay], Any]] = {}
        self._questions = Questions()
        self._agenda: list[Poll] = []
        self._bodies = Bodies(graph)
        self._fans = Fans()
        function = self._function(graph.root)
        self.root = self._frame(graph.main, path, _given(bind(function, args, dict(kwargs))), None)
        self._work()

    # --- for engines

    def take(self, index: int = 0) -> Ready:
        """Take a step run that can start."""
        self.running += 1
        return self.ready.pop(index)

    def more(self) -> bool:
        """Open the next iteration of a fan-out, which may give step runs that can start; return whether there was one."""
        if not self._fans or self.done:
            return False
        fan, index = self._fans.take()
        self._open(fan.frame, fan.node.body, (*fan.indices, index))
        self._work()
        if self._bodies.any and fan.following == fan.count:
            self.ready += self._bodies.settle(fan)
        return True

    def settle(self, ready: Ready, outcome: bytes | Value) -> None:
        """Record the outcome of a step run that was taken, encoded; a value that nobody can change may be given as it is."""
        self.running -= 1
        if self._bodies.any:
            self.ready += self._bodies.settle(ready)
        frame, address = ready.frame, (ready.node.id, ready.indices)
        if address in frame.outcomes:
            raise InternalError("an outcome was recorded twice", path=ready.path)
        frame.outcomes[address] = (
            Recorded.of(outcome, ready.node.id) if isinstance(outcome, bytes) else Recorded.atom(outcome.value)
        )
        frame.begun.discard(address)
        self._awake(frame, address)
        self._work()

    @property
    def done(self) -> bool:
        """Whether the run has its result."""
        return self.result is not None

    def check_alive(self) -> None:
        """Raise InternalError if the run has no result and nothing can bring it further."""
        if self.done or self.ready or self.running or self._fans:
            return
        for frame in self.frames():
            self._look_for_the_end(frame)
        self._work()
        if not self.done and not self.ready:
            waiting = [spell(f.path, *a) for f in self.frames() for a, polls in f.waiters.items() if polls]
            raise InternalError("the run can go no further", waiting=", ".join(waiting[:10]))

    def frames(self) -> list[Frame]:
        """Return every call of a workflow that has begun."""
        todo, found = [self.root], []
        while todo:
            frame = todo.pop()
            found.append(frame)
            todo += frame.calls.values()
        return found

    # --- frames and regions

    def _function(self, key: str) -> types.FunctionType:
        workflow = self.graph.bindings[key]
        assert isinstance(workflow, WorkflowFunction)
        return cast(types.FunctionType, workflow.function)

    def _frame(self, flow: Flow, path: str, args: Mapping[str, Any], parent: tuple[Frame, Address] | None) -> Frame:
        frame = Frame(flow, path, args, parent, self.always_copy, self.messages)
        self._agenda.append(Poll(self._questions.of(flow, "result"), frame, ()))
        self._open(frame, flow.body, ())
        return frame

    def _open(self, frame: Frame, region: Region, indices: Indices) -> None:
        """Ask for everything in a region that is reached once its loops are."""
        for question in self._questions.of_region(region):
            self._agenda.append(Poll(question, frame, indices))

    def _next(self, polls: Iterable[Poll]) -> None:
        """Ask these before anything else, the first one first: a call is followed to its end before the next one begins."""
        self._agenda.extend(reversed([*polls]))

    # --- replays

    def _replay(self, frame: Frame, slice_: Slice, kind: str, owner: str, indices: Indices) -> Any:
        compiled = self._compiled.get(id(slice_))
        if compiled is None:
            label = f"{frame.flow.name} {kind} {owner}".strip()
            compiled = self._compiled[id(slice_)] = slice_function(slice_.code, self._function(frame.flow.key), label)
        names = frame.args if slice_.start is None else frame.head((slice_.start, indices))
        if self.always_copy:
            names = _copy(names, frame.path)
        token = inside.set(True)  # what `glue()` does, in less time
        try:
            return compiled(Replay(frame, names, indices, self.graph.bindings))
        finally:
            inside.reset(token)

    def _ask(self, frame: Frame, slice_: Slice, kind: str, owner: str, indices: Indices) -> Any:
        """Run a slice. SKIP if user code in it raises: something earlier in the program raises, and the result slice meets it."""
        try:
            return self._replay(frame, slice_, kind, owner, indices)
        except _OURS:
            raise
        except BaseException:
            return SKIP

    def _work(self) -> None:
        agenda = self._agenda
        while agenda and self.result is None:
            poll = agenda.pop()
            if poll.waits_for_one:
                poll.waits_for_one = False  # that is there now; what the slice may look up besides is not known
            elif poll.question.needed:
                missing = poll.missing()
                if missing is not None:
                    poll.waits_for_one = len(poll.question.needed) == 1
                    self._wait(poll, missing)
                    continue
            try:
                _ANSWERS[poll.question.kind](self, poll)
            except NotRun as found:
                self._wait(poll, found.address)

    def _wait(self, poll: Poll, address: Address) -> None:
        frame = poll.frame
        if address in frame.skipped or (frame.shut and poll.question.kind != "result" and frame.is_shut(address)):
            self._dead(poll, address)
            return
        frame.waiters.setdefault(address, []).append(poll)
        if poll.question.kind == "result":
            frame.result_waits = poll

    def _dead(self, poll: Poll, address: Address) -> None:
        """What a skipped site feeds is skipped itself: something earlier in the program raised or jumped."""
        if poll.question.kind == "result":
            raise InternalError("the result needs a step that was skipped", step=spell(poll.frame.path, *address))
        self._skip(poll)

    def _skip(self, poll: Poll) -> None:
        assert not isinstance(poll.question.node, Flow)
        if poll.question.kind == "advance":
            self._skip_address(poll.frame, (poll.question.node.id, poll.indices[:-1]))
            return
        self._skip_address(poll.frame, (poll.question.node.id, poll.indices))
        if poll.question.kind == "scan":
            self._shut(poll.frame, (poll.question.node.id, poll.indices))

    def _shut(self, frame: Frame, address: Address) -> None:
        """A fan-out has no iterations, not even none: what waits for an item of it, and does not meet what keeps it from beginning, is skipped."""
        frame.shut.add(address)
        for waited in [waited for waited in frame.waiters if frame.is_shut(waited)]:
            self._next(frame.waiters.pop(waited))

    def _skip_address(self, frame: Frame, address: Address) -> None:
        frame.skipped.add(address)
        self._next(frame.waiters.pop(address, []))  # a gather that had moved on to this item may not need it

    def _wake(self, frame: Frame, address: Address) -> None:
        """Ask again what waited for an outcome; a gather moves on to the last item that is missing."""
        waiting = frame.waiters.pop(address, None)
        if waiting is None:
            return
        if len(waiting) == 1 and waiting[0].waits_for_one:  # in its own iteration: the way of a chain
            self._agenda.append(waiting[0])
            return
        awake = []
        for poll in waiting:
            own = poll.indices[: len(address[1])] == address[1]  # it stands in that iteration
            following = None if own else self._last_missing(frame, address)
            if following is None:
                awake.append(poll)
            else:
                frame.waiters.setdefault(following, []).append(poll)
        self._next(awake)

    def _last_missing(self, frame: Frame, address: Address) -> Address | None:
        """Return the last item of the same fan-out without an outcome; None if all are there (or it is no fan-out).

        Not the next one: most items end in their order, and what waits would be moved on with each of them.
        """
        site, indices = address
        if not indices:
            return None
        outer = indices[:-1]
        loop = site.rpartition(".")[0]
        fan = (site, outer)
        last = frame.missing.get(fan)
        if last is None:
            last = frame.counts.get((loop, outer), 0) - 1
        for i in range(last, -1, -1):
            item = (site, (*outer, i))
            if item not in frame.outcomes and item not in frame.lefts and item not in frame.skipped:
                frame.missing[fan] = i  # what has an outcome keeps it
                return item
        frame.missing[fan] = -1
        return None

    def _look_for_the_end(self, frame: Frame) -> None:
        """An exception may be the result: ask for that of the frame without waiting for more."""
        for polls in frame.waiters.values():
            if frame.result_waits in polls:
                polls.remove(frame.result_waits)
        self._agenda.append(Poll(self._questions.of(frame.flow, "result"), frame, ()))

    # --- answers

    def _answer_site(self, poll: Poll) -> None:
        frame, node, indices = poll.frame, poll.question.node, poll.indices
        call = self._ask(frame, node.slice, "slice", node.id, indices)
        if call is SKIP:
            self._skip(poll)
            return
        address = (node.id, indices)
        if isinstance(node, Glue):
            self._evaluate(frame, node, address, Once(call, node.operands, node.reads))
            return
        try:
            self._start(frame, node, indices, *call())
        except _OURS:
            raise
        except BaseException as error:
            self._record(frame, address, Raised(error))
            self._awake(frame, address)

    def _evaluate(self, frame: Frame, node: Glue, address: Address, once: Once) -> None:
        """Evaluate an expression, or take the outcome that it had in an earlier run."""
        operands = data = None
        if self.memory is not None:
            operands = once.digest()
            data = self.memory.recall_glue(frame, node, address[1], operands)
        if data is not None:
            frame.outcomes[address] = Recorded.of(data, spell(frame.path, *address))
        else:
            try:
                outcome = once.evaluate(node.text, node.origin.lineno)
            except MutatedArgument as error:
                outcome = Raised(error)
            self._record(frame, address, outcome)
            if self.memory is not None and operands is not None:
                self.memory.keep_glue(frame, node, address[1], operands, frame.outcomes[address].data)
        self._awake(frame, address)

    def _record(self, frame: Frame, address: Address, outcome: Outcome) -> None:
        try:
            frame.record(address, outcome)
        except NotPicklable as error:
            frame.record(address, Raised(error))

    def _awake(self, frame: Frame, address: Address) -> None:
        """Go on from an outcome that has just been recorded."""
        recorded = frame.outcomes[address]
        if recorded.raised or failed(recorded.value):
            self._look_for_the_end(frame)
        self._wake(frame, address)

    def _start(
        self, frame: Frame, node: Step | Call, indices: Indices, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if isinstance(node, Call):
            self._start_call(frame, node, indices, args, kwargs)
            return
        step = self.graph.bindings[node.callee]
        assert isinstance(step, StepFunction)
        ready = Ready(frame, node, indices, step, args, kwargs or _NO_KWARGS)
        frame.begun.add((node.id, indices))
        if not self._bodies.any or self._bodies.admit(ready):
            self.ready.append(ready)

    def _start_call(
        self, frame: Frame, node: Call, indices: Indices, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if (
            frame.depth >= sys.getrecursionlimit()
        ):  # no later than a plain call, which takes more than one frame of Python for each of ours
            raise RecursionError("maximum recursion depth exceeded")
        path = spell(frame.path, node.id, indices)
        args, kwargs = _copy((args, kwargs), path)
        bound = bind(self._function(node.flow), args, kwargs)
        address = (node.id, indices)
        frame.calls[address] = self._frame(self._flows[node.flow], path, bound, (frame, address))

    def _answer_scan(self, poll: Poll) -> None:
        frame, node, indices = poll.frame, poll.question.node, poll.indices
        scanned = self._ask(frame, node.scan, "scan", node.id, indices)
        if scanned is SKIP:
            self._skip(poll)
            return
        assert isinstance(scanned, Scanned)
        address, count = (node.id, indices), len(scanned.items)
        frame.counts[address], frame.scans[address] = count, Heads(scanned)
        if self.lazy and count:
            fan = Fan(frame, node, indices, count)
            if self._bodies.any:
                self._bodies.enter(fan)
            self._fans.add(fan)
            return
        for i in reversed(range(count)):
            self._open(frame, node.body, (*indices, i))

    def _answer_entry(self, poll: Poll) -> None:
        frame, node, indices = poll.frame, poll.question.node, poll.indices
        state = self._ask(frame, node.entry, "entry", node.id, indices)
        if state is SKIP:
            self._skip(poll)
            return
        frame.heads[(node.id, indices)] = state
        if node.items is not None and not state[node.items]:
            self._leave(frame, node, indices, Done({name: state[name] for name in node.carried if name in state}))
            return
        self._iterate(frame, node, indices, 0, {name: state[name] for name in node.carried if name in state})

    def _iterate(self, frame: Frame, node: Loop, indices: Indices, i: int, carried: dict[str, Any]) -> None:
        entry = frame.heads[(node.id, indices)]
        head = carried
        if node.invariant:
            head = {}
            for name in node.invariant:
                if name in entry:
                    head[name] = entry[name]
            head.update(carried)
        if node.var is not None and node.items is not None:
            head[node.var] = entry[node.items][i]
        frame.heads[(node.id, (*indices, i))] = head
        self._agenda.append(Poll(self._questions.of(node, "advance"), frame, (*indices, i)))
        self._open(frame, node.body, (*indices, i))

    def _answer_advance(self, poll: Poll) -> None:
        frame, node, indices, i = poll.frame, poll.question.node, poll.indices[:-1], poll.indices[-1]
        try:
            moved = self._replay(frame, node.advance, "advance", node.id, poll.indices)
        except _OURS:
            raise
        except BaseException as error:
            where = spell(frame.path, node.id, indices)
            self._leave(frame, node, indices, Recorded.of(encode(Raised(error), where=where), where))
            return
        if isinstance(moved, Next):
            items = frame.heads[(node.id, indices)][node.items] if node.items is not None else None
            if items is not None and i + 1 == len(items):
                moved = Done(moved.state)
            else:
                self._iterate(frame, node, indices, i + 1, moved.state)
                return
        if isinstance(moved, Threw):
            where = spell(frame.path, node.id, indices)
            self._leave(frame, node, indices, Recorded.of(encode(Value(moved), where=where), where))
            return
        self._leave(frame, node, indices, moved)

    def _leave(self, frame: Frame, node: Loop, indices: Indices, left: Done | Returned | Recorded) -> None:
        frame.lefts[(node.id, indices)] = left
        self._wake(frame, (node.id, indices))

    def _answer_result(self, poll: Poll) -> None:
        frame = poll.frame
        if self._has_ended(frame):
            return
        frame.messages, frame.speaking, frame.front = 0, True, None
        try:
            outcome: Outcome = Value(self._replay(frame, frame.flow.result, "result", "", ()))
        except _OURS:
            raise
        except BaseException as error:
            outcome = Raised(error)
        finally:
            frame.speaking = False
        try:
            copied = roundtrip(outcome, where=frame.flow.name)
        except NotPicklable as error:
            outcome = copied = Raised(error)
        if frame.parent is None:
            self.result = copied
            return
        caller, address = frame.parent
        caller.record(address, outcome)
        if isinstance(outcome, Raised):
            self._look_for_the_end(caller)
        self._wake(caller, address)

    def _has_ended(self, frame: Frame) -> bool:
        if frame.parent is None:
            return self.done
        caller, address = frame.parent
        return address in caller.outcomes


_NO_KWARGS: dict[str, Any] = {}
"""One for all step runs without keywords: nobody changes what a step run was given."""

_OURS = (NotRun, KeyboardInterrupt, InternalError)
"""What is not the user's: it ends a replay without being its answer."""

_ANSWERS: dict[str, Callable[[Machine, Poll], None]] = {
    "site": Machine._answer_site,
    "scan": Machine._answer_scan,
    "entry": Machine._answer_entry,
    "advance": Machine._answer_advance,
    "result": Machine._answer_result,
}


def _given(names: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of the run: the content of a path is what it is now. Raises UsageError for an iterator."""
    for name, value in names.items():
        iterator = iterator_among(value)
        if iterator is not None:
            at, what = iterator
            raise UsageError(f"argument {name!r}: {refusal(what, at)}")
    try:
        data = encode(Value(names), where="", files=True)
    except NotPicklable:  # the first step that gets it says so
        return names
    if not holds_files(data):
        return names
    found: dict[str, Any] = cast(Value, decode(data)).value
    return found


def _copy(value: Any, where: str) -> Any:
    copied = roundtrip(Value(value), where=where, what="an argument")
    if isinstance(copied, Raised):
        raise copied.exception
    return copied.value
