"""The sequence of decision events 𝒟 of Algorithm 1 and what each decision says (the X of step 14)."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class DecisionKind(enum.Enum):
    """Which decision-making system decided; a day's decisions come in this order."""

    BUY = "buy"
    PLACE = "place"
    FULFILL = "fulfill"


@dataclass(frozen=True)
class Buy:
    """How much to order, and where: whole case packs that sum to `quantity`."""

    quantity: int
    """Units to order, Q."""
    lp_order: tuple[float, ...]
    """Order vector x of the buying LP before rounding, units by slot; zeros without an LP (Q = 0)."""
    orders: tuple[int, ...]
    """Units to order by slot."""

    @classmethod
    def of_units(cls, orders: Sequence[int]) -> "Buy":
        """An order that no LP was solved for."""
        return cls(sum(orders), (0.0,) * len(orders), tuple(orders))


@dataclass(frozen=True)
class Place:
    """Units to send from slot (first axis) to slot (second axis)."""

    moved: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Fulfill:
    """Units to deliver by round (first axis: rank of the slot asked) and region (second axis)."""

    served: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Decision:
    """One entry of 𝒟: the day, the decision-making system e and its decision X."""

    time: int
    """Day, from 0."""
    kind: DecisionKind
    action: Buy | Place | Fulfill
