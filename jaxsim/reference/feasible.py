"""Whether a decision can be done: what every policy must keep to, whatever it aims at."""

from collections.abc import Iterator

from jaxsim.reference.decision import Buy, Fulfill, Place
from jaxsim.reference.product import Product, State


def refuse(product: Product, state: State, day: int, action: Buy | Place | Fulfill) -> None:
    """Stop at a decision that cannot be done.

    Raises:
        RuntimeError: names product, day and what is wrong.
    """
    check = {Buy: _of_buy, Place: _of_place, Fulfill: _of_fulfill}[type(action)]
    if wrong := next(check(product, state, action), None):
        raise RuntimeError(f"product {product.name}, day {day}, {wrong}")


def _of_buy(product: Product, state: State, action: Buy) -> Iterator[str]:
    del state
    if min(action.orders) < 0 or any(
        units and not ok for units, ok in zip(action.orders, product.orderable, strict=True)
    ):
        yield f"the buying policy orders negative units, or into a slot that is not orderable: {action.orders}"


def _of_place(product: Product, state: State, action: Place) -> Iterator[str]:
    for origin, sent in enumerate(action.moved):
        if min(sent) < 0 or any(
            units and days < 0 for units, days in zip(sent, product.transit_days[origin], strict=True)
        ):
            yield f"the placement policy sends negative units, or where there is no transfer: slot {origin}, {sent}"
        if sum(sent) > state.on_hand[origin]:
            yield f"the placement policy sends {sum(sent)} units from slot {origin}, which has {state.on_hand[origin]}"


def _of_fulfill(product: Product, state: State, action: Fulfill) -> Iterator[str]:
    taken = [0] * len(product.node)
    for preference, served in zip(product.preference, action.served, strict=True):
        for slot, units in zip(preference, served, strict=True):
            if units < 0 or (units and slot < 0):
                yield f"the fulfillment policy serves negative units, or at a rank that a region lacks: {served}"
            taken[slot] += units
    if any(units > stock for units, stock in zip(taken, state.on_hand, strict=True)):
        yield f"the fulfillment policy takes {taken} units of the stock {state.on_hand}"
    for region, asked in enumerate(state.demand):
        if sum(served[region] for served in action.served) > asked + state.backlog[region]:
            yield f"the fulfillment policy serves region {region} more than it asks"
