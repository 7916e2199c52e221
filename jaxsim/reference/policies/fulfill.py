"""Fulfillment by preference: regions ask their slots in order."""

from dataclasses import dataclass

from jaxsim.reference.decision import Fulfill
from jaxsim.reference.product import Product, State
from jaxsim.reference.proportion import split_in_proportion


@dataclass(frozen=True)
class FulfillByPreference:
    """Round by round, in the order of regions' preferences."""

    def __call__(self, product: Product, state: State) -> Fulfill:
        """Decide which slot serves how much of the day's demand of each region (semantics, step 4).

        In round p every region asks its rank-p slot for all that is still unserved, what waits from earlier days
        included; a slot that cannot serve all who ask shares its stock in proportion.
        """
        stock = list(state.on_hand)
        unserved = [asked + backlog for asked, backlog in zip(state.demand, state.backlog, strict=True)]
        served = []
        for preference in product.preference:
            delivered = [0] * len(unserved)
            for slot in sorted(set(preference) - {-1}):
                asking = [region for region, chosen in enumerate(preference) if chosen == slot]
                asked = [unserved[region] for region in asking]
                parts = asked if sum(asked) <= stock[slot] else split_in_proportion(stock[slot], asked)
                for region, units in zip(asking, parts, strict=True):
                    delivered[region] = units
                    unserved[region] -= units
                    stock[slot] -= units
            served.append(tuple(delivered))
        return Fulfill(tuple(served))
