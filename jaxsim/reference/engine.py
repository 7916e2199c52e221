"""The paper's Algorithm 1: pop the next event, decide if it asks for a decision, change the state, push what follows.

A day's events are popped in the order of `EventKind`. With one fulfillment slot, a review on day 3 and a lead time of
4 days, day 7 pops: RECEIVE (of the order), PLACE (nothing to move), DEMAND, FULFILL, CLOSE.
"""

import enum
import heapq
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from jaxsim.outcome import Trajectory
from jaxsim.reference.decision import Buy, Decision, DecisionKind, Fulfill, Place
from jaxsim.reference.feasible import refuse
from jaxsim.reference.future import Future
from jaxsim.reference.policies import Policies
from jaxsim.reference.prices import PriceLists, price_lists
from jaxsim.reference.product import Product, initial_state, product_of
from jaxsim.reference.record import Recorder, empty_trajectory
from jaxsim.resources import Costs
from jaxsim.system import System, check_system, check_trials


class EventKind(enum.IntEnum):
    """What happens; its number is the priority among events of the same day."""

    RECEIVE = 0
    RECEIVE_TRANSFER = 1
    BUY = 2
    PLACE = 3
    DEMAND = 4
    FULFILL = 5
    CLOSE = 6


_DECISIONS = {
    EventKind.BUY: DecisionKind.BUY,
    EventKind.PLACE: DecisionKind.PLACE,
    EventKind.FULFILL: DecisionKind.FULFILL,
}


class Event(NamedTuple):
    """Something that happens on a day; slot and units say what arrives where."""

    day: int
    kind: EventKind
    slot: int = 0
    units: int = 0


def run(
    system: System,
    costs: Costs = None,
    *,
    policies: Policies | None = None,
    trials: int = 1,
    first_trial: int = 0,
    seed: int = 0,
    products: Sequence[int] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Trajectory:
    """Simulate `trials` futures of products, one product-trial after the other (Algorithm 1).

    Args:
        costs: λ, `(nodes, weeks)` currency per unit, of any sign; 0 for nodes without a labor plan. None: all 0. Or
            prices of several resources.
        policies: who buys, places and fulfills; the defaults when left out.
        first_trial: number of the first one. seed: whole number in [0, 2**64).
        products: rows of `system.products`, in the order of the result; all by default.
        on_progress: called with the number of product-trials done, after each.

    Returns:
        Trajectory with axes (products, trials, days, …).

    Raises:
        ValueError: costs of another shape or not finite, an impossible `trials`, `first_trial`, `seed` or product row,
            a system that `jaxsim.system.check_system` refuses, or demand that has not that many trials.
        RuntimeError: HiGHS did not solve a buying LP, or a policy decided what cannot be done.
    """
    policies = policies or Policies()
    chosen = list(range(len(system.product_names)) if products is None else products)
    _check(system, trials, first_trial, seed, chosen)
    prices = price_lists(system, costs)
    trajectory = empty_trajectory(system, len(chosen), trials)
    done = itertools.count(1)
    for row, index in enumerate(chosen):
        product = product_of(system, index)
        for trial in range(trials):
            future, recorder = Future(product, first_trial + trial, seed), Recorder(trajectory, row, trial)
            _Trial(product, policies, future, prices, recorder).simulate()
            if on_progress is not None:
                on_progress(next(done))
    return trajectory


def decisions(
    system: System,
    product: int,
    trial: int = 0,
    costs: Costs = None,
    seed: int = 0,
    policies: Policies | None = None,
) -> list[Decision]:
    """The sequence of decision events 𝒟 of one product-trial, in order of time (Algorithm 1, steps 11 to 14).

    Args:
        product: row of `system.products`.
        costs, policies: as in `run`.

    Raises:
        ValueError, RuntimeError: as in `run`.
    """
    _check(system, 1, trial, seed, [product])
    prices = price_lists(system, costs)
    row = product_of(system, product)
    recorder = Recorder(empty_trajectory(system, 1, 1), 0, 0)
    return _Trial(row, policies or Policies(), Future(row, trial, seed), prices, recorder).simulate()


class _Trial:
    """One trial of one product: its state S, its event queue Δ and its decision events 𝒟."""

    def __init__(
        self, product: Product, policies: Policies, future: Future, prices: PriceLists, record: Recorder
    ) -> None:
        self.product = product
        self.policies = policies
        self.future = future
        self.prices = prices
        self.record = record
        self.state = initial_state(product)
        self._memory = policies.buy.init(product)
        self._queue: list[tuple[int, EventKind, int, Event]] = []
        self._pushed = itertools.count()

    def simulate(self) -> list[Decision]:
        """Algorithm 1. Numbers in comments are its steps."""
        sequence: list[Decision] = []  # 1
        for event in self._initial_events():  # 3
            self._push(event)
        while self._queue and self._queue[0][0] < self.product.days:  # 5
            event = heapq.heappop(self._queue)[-1]  # 6, 7
            action = None
            if event.kind in _DECISIONS:  # 8
                action = self._decide(event)  # 14
                sequence.append(Decision(event.day, _DECISIONS[event.kind], action))  # 11 to 13
            for following in self._happen(event, action):  # 9, 16, 17, 19
                self._push(following)  # 18
        return sequence

    def _push(self, event: Event) -> None:
        heapq.heappush(self._queue, (event.day, event.kind, next(self._pushed), event))

    def _initial_events(self) -> Iterator[Event]:
        product = self.product
        calendars = (product.in_flight, EventKind.RECEIVE), (product.in_transit, EventKind.RECEIVE_TRANSFER)
        for calendar, kind in calendars:
            for day, by_slot in enumerate(calendar):
                for slot, units in enumerate(by_slot):
                    if units:
                        yield Event(day, kind, slot, units)
        if any(product.orderable):
            yield Event(product.first_review_day, EventKind.BUY)
        yield from (Event(0, kind) for kind in (EventKind.PLACE, EventKind.DEMAND, EventKind.CLOSE))

    def _decide(self, event: Event) -> Buy | Place | Fulfill:
        """π_e(S): ask the decision-making system of the event."""
        product, state, policies = self.product, self.state, self.policies
        if event.kind is EventKind.BUY:
            action, self._memory = policies.buy(product, state, event.day, self.prices, self._memory)
        elif event.kind is EventKind.PLACE:
            action = policies.place(product, state, event.day)
        else:
            action = policies.fulfill(product, state)
        refuse(product, state, event.day, action)
        return action

    def _happen(self, event: Event, action: Buy | Place | Fulfill | None) -> list[Event]:
        """Change the state, record it, and return the events that follow."""
        match event.kind, action:
            case EventKind.RECEIVE | EventKind.RECEIVE_TRANSFER, None:
                return self._receive(event)
            case EventKind.BUY, Buy():
                return self._bought(event.day, action)
            case EventKind.PLACE, Place():
                return self._placed(event.day, action)
            case EventKind.DEMAND, None:
                self.state.demand = self.future.demand(event.day)
                return [Event(event.day, EventKind.FULFILL), Event(event.day + 1, EventKind.DEMAND)]
            case EventKind.FULFILL, Fulfill():
                return self._fulfilled(event.day, action)
            case _:
                self.record.closed(event.day, self.state.on_hand)
                return [Event(event.day + 1, EventKind.CLOSE)]

    def _receive(self, event: Event) -> list[Event]:
        from_vendor = event.kind is EventKind.RECEIVE
        incoming = self.state.on_order if from_vendor else self.state.in_transit
        incoming[event.slot] -= event.units
        self.state.on_hand[event.slot] += event.units
        note = self.record.received if from_vendor else self.record.received_transfer
        note(event.day, event.slot, event.units)
        return []

    def _bought(self, day: int, action: Buy) -> list[Event]:
        lead_times = {slot: self.future.lead_time(day, slot) for slot, units in enumerate(action.orders) if units}
        following = [Event(day + self.product.review_days, EventKind.BUY)]
        for slot, lead_time in lead_times.items():
            self.state.on_order[slot] += action.orders[slot]
            following.append(Event(self._booked(day + lead_time), EventKind.RECEIVE, slot, action.orders[slot]))
        self.record.bought(day, action, lead_times)
        return following

    def _placed(self, day: int, action: Place) -> list[Event]:
        following = [Event(day + 1, EventKind.PLACE)]
        for origin, sent in enumerate(action.moved):
            for slot, units in enumerate(sent):
                if units:
                    self.state.on_hand[origin] -= units
                    self.state.in_transit[slot] += units
                    arrival = self._booked(day + self.product.transit_days[origin][slot])
                    following.append(Event(arrival, EventKind.RECEIVE_TRANSFER, slot, units))
        self.record.placed(day, action)
        return following

    def _fulfilled(self, day: int, action: Fulfill) -> list[Event]:
        for preference, served in zip(self.product.preference, action.served, strict=True):
            for slot, units in zip(preference, served, strict=True):
                if units:
                    self.state.on_hand[slot] -= units
        asked = [new + old for new, old in zip(self.state.demand, self.state.backlog, strict=True)]
        left = [units - sum(served) for units, *served in zip(asked, *action.served, strict=True)]
        none = [0] * len(left)
        lost, self.state.backlog = (none, left) if self.product.backlogged else (left, none)
        self.record.fulfilled(day, self.state.demand, action, lost, self.state.backlog)
        return []

    def _booked(self, day: int) -> int:
        """Arrivals past the horizon are booked on its end, where no event is popped."""
        return min(day, self.product.days)


def _check(system: System, trials: int, first_trial: int, seed: int, products: Sequence[int]) -> None:
    count = len(system.product_names)
    if trials < 1:
        raise ValueError(f"trials must be at least 1, got {trials}")
    if first_trial < 0:
        raise ValueError(f"a trial's number must not be negative, got {first_trial}")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be in [0, 2**64), got {seed}")
    if unknown := [index for index in products if not 0 <= index < count]:
        raise ValueError(f"products must be rows 0 to {count - 1}, got {unknown[0]}")
    check_system(system)
    check_trials(system, first_trial, trials)
