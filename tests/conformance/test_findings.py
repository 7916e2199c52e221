"""The comparison can fail: what is planted in a trajectory is found where it was planted, and no more is excused."""

import dataclasses
from collections.abc import Callable, Sequence

import equinox as eqx
import numpy as np
import pytest

from jaxsim import reference
from jaxsim.conformance import TIE_TOLERANCE, balance, compare
from jaxsim.conformance.compare import FIELDS
from jaxsim.outcome import Trajectory
from jaxsim.system import System, build
from validation.random_scenarios import random_scenario

TRIALS, SEED = 2, 5


@pytest.fixture(scope="module")
def system() -> System:
    """Thirty-two products in four networks."""
    return build(random_scenario(7, networks=4, products=8))


@pytest.fixture(scope="module")
def events(system: System) -> Trajectory:
    """The event engine's trajectory without costs; it stands in for both engines."""
    return reference.run(system, trials=TRIALS, seed=SEED)


def planted(run: Trajectory, **changes: Callable[[np.ndarray], None]) -> Trajectory:
    """A copy of a trajectory with fields changed in place."""
    fields = {name: getattr(run, name).copy() for name in FIELDS}
    for name, change in changes.items():
        change(fields[name])
    return Trajectory(**fields)


def add(at: Sequence[int], units: float) -> Callable[[np.ndarray], None]:
    """Add units to an entry."""

    def change(values: np.ndarray) -> None:
        values[tuple(at)] += units

    return change


def an_order(run: Trajectory, lines: int = 1) -> tuple[int, int, int, int]:
    """Product, trial, day and slot of an order into so many slots or more, after the first day, due before the last."""
    several = (run.orders > 0) & ((run.orders > 0).sum(3, keepdims=True) >= lines)
    several[:, :, 0] = False
    several &= run.lead_time + np.arange(several.shape[2])[:, None] < several.shape[2] - 1
    return tuple(np.argwhere(several)[0].tolist())


def test_equal_trajectories_agree(system: System, events: Trajectory):
    found = compare(system, events, events)
    assert found.agrees
    assert not found.mismatches
    assert not found.ties
    assert found.first is None
    assert found.entries == sum(getattr(events, name).size for name in FIELDS)
    assert found.lps == (events.order_quantity > 0).sum() > 30
    assert not balance(system, events).broken


@pytest.mark.parametrize("name", FIELDS)
def test_an_error_of_one_unit_is_found_in_every_field(system: System, events: Trajectory, name: str):
    at = 17, 1, 9, *(0 for _ in getattr(events, name).shape[3:])
    found = compare(system, planted(events, **{name: add(at, 1)}), events)
    first = found.first
    assert first is not None
    assert (first.product, first.trial, first.day, first.field) == (system.product_names[17], 1, 9, name)
    assert first.place == at[3:]
    assert first.scan - first.events == 1
    assert found.mismatches == {name: 1}
    assert found.differing_product_trials == 1
    assert found.differing_in_units == int(name != "lp_order")
    assert found.fields[name].differing[9] == found.fields[name].product_trials[9] == 1
    assert found.fields[name].largest.argmax() == 9
    assert not found.ties


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("received", "units at a slot"),
        ("received_transfers", "transfers are received"),
        ("order_quantity", "an order's lines"),
        ("orders", "vendor units ordered"),
        ("lead_time", "vendor units ordered"),
        ("moved", "units at a slot"),
        ("demand", "demand of a region"),
        ("served", "demand of a region"),
        ("lost", "demand of a region"),
        ("backlog", "demand of a region"),
        ("on_hand", "units of a product"),
    ],
)
def test_an_error_of_one_unit_breaks_a_law(system: System, events: Trajectory, name: str, law: str):
    values = getattr(events, name)
    product, trial, day, slot = an_order(events)
    at = product, trial, day, *((slot,) if name == "lead_time" else (0 for _ in values.shape[3:]))
    found = balance(system, planted(events, **{name: add(at, 1)}))
    assert found.product_trials == 1
    violation = next(violation for violation in found.first if violation.law.startswith(law))
    assert (violation.product, violation.trial) == (system.product_names[product], trial)
    late = int(events.lead_time[product, trial, day, slot]) if name == "lead_time" else 0
    assert violation.day == day + late


def test_a_wrong_lead_time_is_found(system: System, events: Trajectory):
    product, trial, day, slot = an_order(events)
    found = compare(system, planted(events, lead_time=add((product, trial, day, slot), -1)), events)
    assert str(found.first).startswith(
        f"product {system.product_names[product]}, trial {trial}, day {day}, lead_time[{slot}]: "
    )


def test_not_a_number_differs(system: System, events: Trajectory):
    at = 3, 0, 4, 0
    found = compare(system, planted(events, lp_order=add(at, np.nan)), events)
    assert found.mismatches == {"lp_order": 1}


def test_an_order_in_whole_packs_that_the_lp_did_not_give_is_no_tie(system: System, events: Trajectory):
    product, trial, day, slot = an_order(events, lines=2)
    other = next(i for i in np.flatnonzero(events.orders[product, trial, day]).tolist() if i != slot)
    pack = int(system.products.case_pack[product])

    def swap(orders: np.ndarray) -> None:
        orders[product, trial, day, slot] += pack
        orders[product, trial, day, other] -= pack

    found = compare(system, planted(events, orders=swap), events)
    assert found.mismatches == {"orders": 2}
    assert not found.ties


@pytest.mark.parametrize("part", [1.0, 1e-3])
def test_an_order_that_costs_more_is_no_tie(system: System, events: Trajectory, part: float):
    """A whole order, or a thousandth of it, moved to another slot than the best."""
    at, other = _movable(system, events)
    moved = _moved(system, events, at, other, part)
    found = compare(system, moved, events)
    assert found.first is not None
    assert (found.first.day, found.first.field) == (at[2], "lp_order")
    assert not found.ties


@pytest.fixture(scope="module")
def tied(system: System) -> System:
    """Products whose slots all cost the same in the buying LP: every split of an order is an optimum."""
    products = system.products
    free = np.isfinite(products.lp_route_cost)
    same = eqx.tree_at(
        lambda p: (p.lp_sourcing_cost, p.lp_overage_cost, p.lp_route_cost),
        products,
        (
            np.ones_like(products.lp_sourcing_cost),
            np.full_like(products.lp_overage_cost, 0.25),
            np.where(free, 2.0, np.inf),
        ),
    )
    return eqx.tree_at(lambda s: s.products, system, same)


def test_a_tie_is_proved_and_what_follows_is_left_out(tied: System):
    events = reference.run(tied, trials=TRIALS, seed=SEED)
    at, other = _movable(tied, events)
    product, trial, day, _ = at
    scan = _moved(tied, events, at, other, 1.0)
    scan = planted(scan, on_hand=add((product, trial, day + 2, 0), 1), lead_time=add(at, 1))
    found = compare(tied, scan, events)
    assert found.agrees
    assert not found.mismatches
    (tie,) = found.ties
    assert (tie.product, tie.trial, tie.day) == (tied.product_names[product], trial, day)
    assert max(abs(tie.scan - tie.optimum), abs(tie.events - tie.optimum)) <= TIE_TOLERANCE * tie.magnitude
    whole = compare(tied, events, events)
    assert whole.fields["on_hand"].entries > found.fields["on_hand"].entries
    earlier = compare(tied, planted(scan, on_hand=add((product, trial, day - 1, 0), 1)), events)
    assert earlier.first is not None
    assert earlier.first.day == day - 1
    assert not earlier.ties


def _movable(system: System, events: Trajectory) -> tuple[tuple[int, int, int, int], int]:
    """An order line, and another slot that its units could be ordered into: of equal standing in every way the LP sees
    but cost, where there is such a pair."""
    products = system.products
    for at in np.argwhere(events.lp_order >= 1.0):
        product, _, day, slot = (int(i) for i in at)
        routes = np.isfinite(products.lp_route_cost[product])
        for other in np.flatnonzero(products.orderable[product]):
            if other != slot and day and (routes[other] == routes[slot]).all():
                return (product, int(at[1]), day, slot), int(other)
    raise AssertionError("no order can be moved")


def _moved(system: System, run: Trajectory, at: tuple[int, int, int, int], other: int, part: float) -> Trajectory:
    """The trajectory with a part of an order line moved to another slot, in LP and in whole packs."""
    from jaxsim.reference.policies.buy import round_to_packs

    product, trial, day, _ = at
    lp_order = run.lp_order.copy()
    units = part * lp_order[at]
    lp_order[at] -= units
    lp_order[product, trial, day, other] += units
    orders = run.orders.copy()
    quantity, pack = int(run.order_quantity[product, trial, day]), int(system.products.case_pack[product])
    orderable = system.products.orderable[product].tolist()
    orders[product, trial, day] = round_to_packs(lp_order[product, trial, day].tolist(), quantity, pack, orderable)
    return dataclasses.replace(run, lp_order=lp_order, orders=orders)


def test_parts_add_up_to_the_whole(system: System, events: Trajectory):
    """Block by block is the same as all at once."""
    scan = planted(events, received=add((20, 0, 3, 0), 2), lost=add((2, 1, 5, 0), 1))
    whole, sums = compare(system, scan, events), balance(system, scan)
    cut = [slice(0, 7), slice(7, 32)]
    rows = [np.arange(32)[part] for part in cut]
    halves = [
        [Trajectory(**{name: getattr(run, name)[part] for name in FIELDS}) for run in (scan, events)] for part in cut
    ]
    parts = [system.take(row) for row in rows]
    first, second = (compare(part, run, other) for part, (run, other) in zip(parts, halves, strict=True))
    found = first + second
    assert found.mismatches == whole.mismatches
    assert (found.first, found.entries, found.lps) == (whole.first, whole.entries, whole.lps)
    both = balance(parts[0], halves[0][0]) + balance(parts[1], halves[1][0])
    assert (both.checked, both.broken, both.totals) == (sums.checked, sums.broken, sums.totals)
    assert {violation.law for violation in both.first} == {violation.law for violation in sums.first}


def test_totals_balance(system: System, events: Trajectory):
    of = balance(system, events).totals
    assert of["on_hand_at_start"] + of["received"] == of["served"] + of["on_hand_at_end"] + of["between_nodes_at_end"]
    assert of["demand"] == of["served"] + of["lost"] + of["final_backlog"]
    assert of["in_flight_at_start"] + of["ordered"] >= of["received"] > 0
