"""The methods of `benchmarks.search`: each runs on a `Course` until its budget is spent.

Ours come from `jaxsim.cost_search`; their own stop rules are watched and not obeyed, so that what they would have
reached is seen too. Adam is optax's, on the same violations V = Ũ − u. Others run in processes of their own
(`benchmarks.search_rivals`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from benchmarks.search_course import Course
from benchmarks.search_rivals import Rival
from jaxsim.cost_search import Newton, Paper, SearchState, StopReason, search
from jaxsim.studies.settings import Search

PRICES = (8.0, 16.0, 32.0)
"""Prices of deviation, in cost scales, beside the default one: what is nearer to the bound costs more."""

ADAM_RATE = 0.1
"""Cost scales per iteration."""


@dataclass(frozen=True)
class Contestant:
    """A method and what it is given."""

    name: str
    run: Callable[[Course], None]
    price: float | None = None
    """Price of deviation in cost scales; the default one when left out."""
    realized: bool = False
    """Sees realized arrivals instead of expected ones."""
    fresh: bool = True
    """Its iterations take turns with several samples; else all see the first."""
    curvature: bool = False
    """Asks for sensitivities."""
    floor: bool = False
    """Sees one number of an evaluation; one seed of it is enough."""
    needs: Path | None = None
    """Interpreter without which it cannot run."""

    @property
    def there(self) -> bool:
        """Whether it can run here."""
        return self.needs is None or self.needs.exists()


def _searched(course: Course, method: Newton | Paper, own: Newton | Paper) -> None:
    """A search of ours, until the budget is spent."""

    def report(state: SearchState, _: object) -> None:
        stopped = own.stopped(course.plan, course.space, state) is not None
        course.report(method.answer(course.plan, course.space, state).costs, stopped)

    search(course.ask, course.plan, method, space=course.space, on_iteration=report)


def newton(course: Course) -> None:
    """The default search."""
    own = Search().of_bound(0.0)
    assert isinstance(own, Newton)
    _searched(course, Newton(stop=(_Spent(course),), at_noise=False), own)


def paper(course: Course) -> None:
    """Algorithm 2 as published."""
    own = Search(method="paper").of_bound(0.0)
    assert isinstance(own, Paper)
    _searched(course, Paper(stop=(_Spent(course),)), own)


@dataclass(frozen=True)
class _Spent:
    """Stop rule: the budget of the run."""

    course: Course

    def __call__(self, path: Float64[np.ndarray, " iterations"]) -> StopReason | None:
        return StopReason.ITERATIONS if self.course.spent else None


def adam(course: Course, rate: float = ADAM_RATE, average: int = Newton().average) -> None:
    """optax's Adam on −V as a part of the mean plan, costs in cost scales; the mean of the last iterates, as ours."""
    import jax.numpy as jnp
    import optax

    space, optimizer = course.space, optax.adam(rate)
    costs: Any = jnp.zeros(len(course.plan))
    latest, iteration = [], 0
    state = optimizer.init(costs)
    while not course.spent:
        violation = course.ask(np.asarray(costs) * space.cost_scale, iteration).utilization - course.plan
        gradient = jnp.asarray(np.where(space.priced, -violation / course.plan.mean(), 0.0))
        step, state = optimizer.update(gradient, state)
        costs, iteration = optax.apply_updates(costs, step), iteration + 1
        latest = [*latest, np.asarray(costs)][-average:]
        course.report(np.mean(latest, axis=0) * space.cost_scale)


OURS = (
    Contestant("newton", newton, curvature=True),
    *(Contestant(f"newton, price {price:g}", newton, price, curvature=True) for price in PRICES),
    Contestant("paper, realized arrivals", paper, realized=True, fresh=False),
    Contestant("paper, expected arrivals", paper, fresh=False),
)
"""Methods of this package."""

RIVALS = {
    "cma, CMA-ES": Rival("cma", "CMA-ES", floor=True),
    "simoptlib, SPSA": Rival("simopt", "SPSA", floor=True),
    "simoptlib, ADAM": Rival("simopt", "ADAM"),
    "simoptlib, ASTRO-DF": Rival("simopt", "ASTRO-DF"),
}
"""Methods of other packages, in environments of their own."""

NAMES = (*(each.name for each in OURS), "adam", *RIVALS)
"""Of all methods."""


def contestants(folder: Path) -> tuple[Contestant, ...]:
    """All methods, whether they are there or not; a folder has the environments of rivals."""
    rivals = (
        Contestant(name, partial(rival.run, environments=folder), floor=rival.floor, needs=rival.python(folder))
        for name, rival in RIVALS.items()
    )
    return (*OURS, Contestant("adam", adam), *rivals)
