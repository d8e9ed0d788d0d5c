"""Gates: which steps stand behind a jump, and the slice that tells whether they are reached."""

import ast

from tangentflow.argo.guards import guard, is_guard
from tangentflow.argo.reach import gate, guarded
from tangentflow.graph.nodes import Step
from tests.argo import programs


def nodes(workflow):
    return {node.id: node for node in workflow.graph.main.body.walk()}


def test_behind_a_return():
    found = nodes(programs.part)
    assert not guarded(found["f"].slice)
    assert guarded(found["g"].slice)
    made = gate(found["g"].slice)
    assert [wanted.site for wanted in made.inputs] == ["f"]
    assert made.names == ()
    ast.parse(made.code)


def test_an_arm_is_no_jump():
    found = nodes(programs.both_arms)
    assert not any(guarded(node.slice) for node in found.values() if isinstance(node, Step))


def test_what_a_gate_does_not_need_is_left_out():
    found = nodes(programs.effects_behind_return)
    made = gate(found["loop"].scan)
    assert made.names == ("xs",)
    assert "Scanned" not in made.code


def test_regions_behind_a_jump_stand_in_a_branch_of_their_own():
    flow, gates = guard(programs.effects_behind_return.graph.main)
    made = [node for node in flow.body.walk() if is_guard(node)]
    assert [node.id for node in made] == ["loop-rest", "if_2-rest"]
    assert [inner.id for inner in made[0].body.walk()] == ["loop", "loop.e"]
    assert gates["f"] == []


def test_the_body_of_a_while_stands_behind_its_test():
    _, gates = guard(programs.until.graph.main)
    assert gates["loop.f"] == []
    assert [wanted.start for wanted in gates["loop.g"]] == ["loop"]
    _, gates = guard(programs.at_test.graph.main)
    assert gates["loop.f"] == [], "the pod before has looked at the test"
