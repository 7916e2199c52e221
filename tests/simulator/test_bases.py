"""Bases kept from run to run: they change no outcome and no search path, stay within bounds, and survive a failure."""

import dataclasses

import numpy as np
import pytest

from jaxsim.cost_search import Evaluation, IterationCount, Paper, Space, search, typical_cost_spread
from jaxsim.kernels.buying import Shape
from jaxsim.kernels.buying.methods import NetworkSimplex
from jaxsim.kernels.buying.methods.network_simplex import compiled as network_simplex
from jaxsim.measures import utilization
from jaxsim.outcome import Outcome
from jaxsim.resources import NodeWeeks
from jaxsim.scenario import load
from jaxsim.scenario.generate import generate
from jaxsim.simulator import Simulator, simulator
from jaxsim.simulator.policies import BuyByLP, Policies
from jaxsim.system import System, build

pytest.importorskip("warp")

ITERATIONS = 8


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> System:
    folder = tmp_path_factory.mktemp("scenario") / "tiny"
    generate(folder, "tiny", seed=1)
    return build(load(folder))


def cost_path(system: System, steps: int) -> list[np.ndarray]:
    """Capacity costs that wander, with one jump in between."""
    rng = np.random.default_rng(4)
    start = rng.normal(0.0, 1.0, system.network.plan.shape)
    path = [start * (1 + 0.02 * i) + rng.normal(0.0, 0.02, start.shape) for i in range(steps)]
    path[steps // 2] = -3 * start
    return path


def same(one: Outcome, other: Outcome) -> None:
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


def test_kept_bases_change_no_outcome(tiny):
    kept = Simulator(tiny, trials=3, seed=7, chunk=32)
    for costs in cost_path(tiny, 5):
        same(kept.run(costs), Simulator(tiny, trials=3, seed=7, chunk=32, warm_start=False).run(costs))
    nodes, regions = tiny.products.lp_route_cost.shape[1:]
    size = 2 * (nodes + regions) + 1
    shapes = {bases.shape for bases in kept._kept.values()}
    assert shapes == {(tiny.network.plan.shape[1], size, 32)}
    assert all(np.asarray(bases).any() for bases in kept._kept.values())


class NoPivots(NetworkSimplex):
    """Solves only what its start is an optimal basis of."""

    def max_iterations(self, shape: Shape) -> int:
        return 0


def test_a_kept_basis_is_where_the_lp_starts(tiny):
    """With no pivot allowed, the costs of the run before are solved, and other costs are not."""
    costs = cost_path(tiny, 2)
    kept = Simulator(tiny, trials=1, seed=7, chunk=32)
    first = kept.run(costs[0])
    stuck = Simulator(tiny, trials=1, seed=7, chunk=32, policies=Policies(buy=BuyByLP(NoPivots())))
    stuck._kept = kept._kept
    same(stuck.run(costs[0]), first)
    with pytest.raises(RuntimeError, match="ITERATION_LIMIT"):
        stuck.run(costs[1])


@pytest.mark.slow
def test_bases_beyond_the_bound_and_of_float32_are_not_kept(tiny, monkeypatch):
    single = Simulator(tiny, seed=7, chunk=32, lp_dtype="float32")
    single.run()
    assert single._kept == {0: ()}
    monkeypatch.setattr(simulator, "KEEP_BYTES", 1_000)
    many = Simulator(tiny, trials=3, seed=7, chunk=32)
    many.run()
    assert not many._kept


@pytest.mark.slow
def test_without_warp_there_are_no_bases_and_the_outcome_is_the_same(tiny, monkeypatch):
    costs = cost_path(tiny, 2)
    compiled = Simulator(tiny, trials=3, seed=7, chunk=32)
    monkeypatch.setattr(network_simplex, "is_available", lambda *shape: False)
    plain = Simulator(tiny, trials=3, seed=7, chunk=32)
    outcomes = [plain.run(each) for each in costs]
    assert all(bases.size == 0 for bases in plain._kept.values())
    monkeypatch.undo()
    for each, outcome in zip(costs, outcomes, strict=True):
        same(compiled.run(each), outcome)


def test_a_failed_run_leaves_a_simulator_that_works(tiny, monkeypatch):
    costs = cost_path(tiny, 2)
    kept = Simulator(tiny, trials=3, seed=7, chunk=32, threads=1)
    first = kept.run(costs[0])
    simulate, calls = simulator._simulate, iter(range(10))

    def interrupted(*args, **options):
        answer = simulate(*args, **options)  # has used its bases up
        if next(calls) == 1:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(simulator, "_simulate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        kept.run(costs[1])
    monkeypatch.setattr(simulator, "_simulate", simulate)
    same(kept.run(costs[0]), first)


def test_search_path_is_the_same_from_bases_from_scratch_and_resumed(tiny):
    node_weeks = NodeWeeks.of_plan(tiny.network.nodes, tiny.network.plan)
    plan = node_weeks.pack(tiny.network.plan)
    method = Paper(stop=(IterationCount(ITERATIONS),))
    space = Space.uniform(len(plan), typical_cost_spread(tiny))

    def evaluation(warm_start: bool):
        simulator = Simulator(tiny, trials=3, seed=7, chunk=32, warm_start=warm_start)

        def evaluate(costs, _):
            used = np.asarray(utilization(tiny, simulator.run(node_weeks.unpack(costs))).mean)
            return Evaluation(node_weeks.pack(used), {})

        return evaluate

    states: dict[str, list] = {"kept": [], "scratch": [], "resumed": []}
    keep = lambda name: lambda state, record: states[name].append(state)
    search(evaluation(True), plan, method, space=space, on_iteration=keep("kept"))
    search(evaluation(False), plan, method, space=space, on_iteration=keep("scratch"))
    search(evaluation(True), plan, method, space=space, state=states["kept"][3], on_iteration=keep("resumed"))
    for i in range(ITERATIONS):
        np.testing.assert_array_equal(states["kept"][i].next_costs, states["scratch"][i].next_costs)
    for early, late in zip(states["resumed"], states["kept"][4:], strict=True):
        np.testing.assert_array_equal(early.next_costs, late.next_costs)
