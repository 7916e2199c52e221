"""Policies as values: memory, weights, methods of the LP, and the environment's step beside the whole simulation."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from jaxsim import reference
from jaxsim.conformance import PolicyPair, compare
from jaxsim.kernels import buying
from jaxsim.outcome import Outcome, Trajectory
from jaxsim.scenario import load
from jaxsim.scenario.generate import generate
from jaxsim.simulator import Policies, Simulator, env, prepare
from jaxsim.simulator import simulator as module
from jaxsim.simulator.policies import BuyByLP, order_quantity
from jaxsim.simulator.state import Day, Order
from jaxsim.system import System, build


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> System:
    folder = tmp_path_factory.mktemp("scenario") / "tiny"
    generate(folder, "tiny", seed=1)
    return build(load(folder))


def same(one: Outcome | Trajectory, other: Outcome | Trajectory) -> None:
    for field in dataclasses.fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), field.name)


class Growing(eqx.Module):
    """Remembers how often it was asked, in two types, and orders more packs each time; into the first slot."""

    packs: Array

    def init(self, inputs) -> dict[str, Array]:
        return {"reviews": jnp.zeros_like(inputs.case_pack), "trace": jnp.zeros((3, inputs.case_pack.size))}

    def __call__(self, inputs, shared, state, day, carry) -> tuple[Order, dict[str, Array]]:
        reviews = carry["reviews"] + 1
        first = jnp.arange(len(inputs.orderable))[:, None] == jnp.argmax(inputs.orderable, axis=0)
        units = jnp.where(first & inputs.orderable, self.packs * reviews * inputs.case_pack, 0)
        return Order.of_units(inputs, units), {"reviews": reviews, "trace": carry["trace"] + 0.5}


def growing(packs: int) -> Policies:
    return Policies(buy=Growing(jnp.int32(packs)))


@pytest.mark.slow
def test_memory_counts_own_reviews_and_starts_anew_with_every_run(tiny):
    simulator = Simulator(tiny, policies=growing(1), trials=2, seed=1, chunk=32)
    first = simulator.run()
    same(simulator.run(), first)
    same(Simulator(tiny, policies=growing(1), trials=2, seed=1, chunk=32 * 9, threads=1).run(), first)
    pack = tiny.products.case_pack[:, None]
    days = Simulator(tiny, policies=growing(1), trials=2, seed=1).trajectory().order_quantity
    for product in range(len(pack)):
        for trial in range(2):
            ordered = days[product, trial][days[product, trial] > 0] // pack[product]
            np.testing.assert_array_equal(ordered, 1 + np.arange(len(ordered)))
    assert (days > 0).sum(2).max() > 1


@pytest.mark.slow
def test_weights_share_a_compilation_and_change_outcomes(tiny):
    jitted: Any = module._simulate
    one = Simulator(tiny, policies=growing(1), trials=1, seed=1, chunk=32).run()
    compiled = jitted._cache_size()
    two = Simulator(tiny, policies=growing(2), trials=1, seed=1, chunk=32).run()
    assert jitted._cache_size() == compiled
    np.testing.assert_array_equal(two.orders, 2 * one.orders)


@dataclasses.dataclass(frozen=True)
class Listed:
    """A rule with a field that cannot be hashed."""

    levels: list

    def __call__(self, inputs, state, day) -> Array:
        return jnp.zeros_like(state.moved)


def test_an_unhashable_policy_is_refused(tiny):
    with pytest.raises(ValueError, match=r"policies.place is not hashable .*frozen dataclass"):
        Simulator(tiny, policies=Policies(place=Listed([1])))


@pytest.mark.slow
@pytest.mark.parametrize("method", [buying.INTERIOR_POINT, buying.SHORTEST_PATHS], ids=lambda method: method.name)
def test_any_method_starts_hot_and_gives_the_same_orders(tiny, method):
    """A start of reals is carried from review to review and not kept from run to run."""
    costs = np.random.default_rng(5).normal(0.0, 1.0, tiny.network.plan.shape)
    simulator = Simulator(tiny, policies=Policies(buy=BuyByLP(method)), trials=1, seed=7)
    run = simulator.trajectory(costs)
    found = compare(tiny, run, reference.run(tiny, costs, seed=7), costs)
    assert found.agrees, str(found.first)
    same(simulator.trajectory(costs), run)
    assert not any(leaf.size for leaf in jax.tree.leaves(simulator._kept))


@pytest.mark.slow
def test_rules_that_differ_are_found(tiny):
    """The event engine buys by the LP, the other engine does not: a difference of orders, and no tie."""
    pair = PolicyPair(scan=growing(1))
    assert not pair.buys_by_lp
    fast = Simulator(tiny, policies=pair.scan).trajectory()
    found = compare(tiny, fast, reference.run(tiny, policies=pair.events), by_lp=pair.buys_by_lp)
    assert not found.agrees
    assert "orders" in found.mismatches
    assert not found.ties
    assert found.lps == 0
    assert PolicyPair().buys_by_lp


@pytest.mark.slow
def test_steps_are_the_simulation_also_when_mapped_over_costs(tiny):
    """Day after day by `step`, with orders from outside, as the simulator's trajectory; two cost vectors at once."""
    rng = np.random.default_rng(3)
    costs = [rng.normal(0.0, 1.0, tiny.network.plan.shape) for _ in range(2)]
    recorded = [Simulator(tiny, trials=2, seed=4).trajectory(each) for each in costs]
    inputs, shared = prepare(tiny, costs[0], trials=2, seed=4)
    other = prepare(tiny, costs[1], trials=2, seed=4)[1]
    shared = jax.tree.map(lambda *values: jnp.stack(values), shared, other)

    def order_of(run: Trajectory, day: int) -> Order:
        flat = lambda values: jnp.asarray(np.moveaxis(values[:, :, day].reshape(-1, *values.shape[3:]), 0, -1))
        nothing = Order.none(inputs)
        return Order(flat(run.order_quantity), flat(run.lp_order), flat(run.orders), nothing.status)

    stack = lambda *values: jnp.stack(values)
    step = jax.jit(jax.vmap(lambda shared, state, order: env.step(inputs, shared, state, env.Decisions(order))))
    state = jax.vmap(lambda shared: env.reset(inputs, shared))(shared)
    for day in range(7 * tiny.weeks):
        order = jax.tree.map(stack, *(order_of(run, day) for run in recorded))
        state, record = step(shared, state, order)
        for name in Day._fields:
            for mapped, run in zip(getattr(record, name), recorded, strict=True):
                wanted = getattr(run, name)[:, :, day]
                values = np.moveaxis(np.asarray(mapped), -1, 0).reshape(*wanted.shape[:2], *mapped.shape[:-1])
                if name == "moved":  # only slots that send have rows in the scan engine
                    wanted = wanted[:, :, : mapped.shape[0]]
                np.testing.assert_array_equal(values, wanted, f"{name}, day {day}")
    assert not np.asarray(state.fault).any()
    assert (np.asarray(state.day) == 7 * tiny.weeks).all()
    in_calendar = np.asarray(inputs.in_flight[-1])
    assert (np.asarray(state.on_order) >= in_calendar).all()  # what is due after the horizon stays on its way


@pytest.mark.slow
def test_an_order_without_a_review_is_dropped(tiny):
    inputs, shared = prepare(tiny, seed=4)
    units = jnp.where(inputs.orderable, inputs.case_pack, 0)
    state, day = env.step(inputs, shared, env.reset(inputs, shared), env.Decisions(Order.of_units(inputs, units)))
    reviewed = np.asarray(inputs.reviewed(jnp.int32(0)))
    assert 0 < reviewed.sum() < len(reviewed)
    np.testing.assert_array_equal(np.asarray(day.orders), np.where(reviewed, np.asarray(units), 0))
    assert not np.asarray(state.fault).any()
    assert np.asarray(order_quantity(inputs, state, state.day)).shape == reviewed.shape
