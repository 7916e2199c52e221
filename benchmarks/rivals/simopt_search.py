# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""Solvers of simoptlib on the search for costs, as a Problem of its own kind.

SPSA minimizes wMAPD. ADAM and ASTRO-DF take gradients and maximize the dual, whose gradient is V = Ũ − u. The arena
does not tell the dual's value; it is integrated from V along the points that were seen, by the trapezoidal rule.
"""

from collections.abc import Callable
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from mrg32k3a.mrg32k3a import MRG32k3a
from pydantic import BaseModel, Field
from simopt.model import Model
from simopt.problem import Objective, Problem, RepResult
from simopt.problem_types import ConstraintType, VariableType
from simopt.solver import Solver
from simopt.solvers.adam import ADAM
from simopt.solvers.astrodf import ASTRODF
from simopt.solvers.spsa import SPSA

from benchmarks.rivals.search import Answer, Arena, compete


class Draws(NamedTuple):
    """Where a replication takes its draws from."""

    number: int
    """Of the batch, as the arena counts them."""
    path: int
    """Replications of one path are integrated together."""


def paired(solution: int, replication: int) -> Draws:
    """All solutions see the same two batches. Replications beyond the second repeat them, and cost nothing: solvers ask
    for so many that a few solutions would take the whole budget."""
    return Draws(replication % 2, replication % 2)


def in_turn(solution: int, replication: int) -> Draws:
    """Each solution sees the next batch, in all of its replications."""
    return Draws(solution, 0)


class NoFactors(BaseModel):
    """The model has none."""


class Draw(Model):
    """No more than the number of a replication: the arena simulates."""

    class_name_abbr: ClassVar[str] = "DRAW"
    class_name: ClassVar[str] = "Draw"
    config_class: ClassVar[type[BaseModel]] = NoFactors
    n_rngs: ClassVar[int] = 1
    n_responses: ClassVar[int] = 1
    index: tuple[int, int] = (0, 0)
    """Solution, which is 0 throughout with common random numbers, and replication."""

    def before_replicate(self, rng_list: list[MRG32k3a]) -> None:
        """Read the replication off the position of its stream."""
        _, solution, replication = rng_list[0].s_ss_sss_index
        self.index = solution, replication

    def replicate(self) -> tuple[dict, dict]:
        """The problem asks the arena instead."""
        raise NotImplementedError


class CostsConfig(BaseModel):
    """What solvers read of a problem."""

    initial_solution: Annotated[tuple[float, ...], Field(default=(0.0,))]
    budget: Annotated[int, Field(default=1, gt=0)]


class Costs(Problem):
    """wMAPD under costs within ± reach, percent, to be minimized."""

    class_name_abbr: ClassVar[str] = "COSTS"
    class_name: ClassVar[str] = "Capacity costs"
    config_class: ClassVar[type[BaseModel]] = CostsConfig
    model_class: ClassVar[type[Model]] = Draw
    n_objectives: ClassVar[int] = 1
    n_stochastic_constraints: ClassVar[int] = 0
    minmax: ClassVar[tuple[int, ...]] = (-1,)
    constraint_type: ClassVar[ConstraintType] = ConstraintType.BOX
    variable_type: ClassVar[VariableType] = VariableType.CONTINUOUS
    gradient_available: ClassVar[bool] = False
    model_default_factors: ClassVar[dict] = {}
    model_decision_factors: ClassVar[set[str]] = {"costs"}

    def __init__(self, arena: Arena, solver: Solver, draws: Callable[[int, int], Draws], budget: int) -> None:
        """A problem whose replications are the arena's answers.

        Args:
            solver: whose recommendation is told with each request. draws: of a solution and a replication.
            budget: replications.
        """
        self._arena, self._solver, self._draws, self._corners = arena, solver, draws, 0
        super().__init__(fixed_factors={"initial_solution": (0.0,) * self.dim, "budget": budget})

    @property
    def dim(self) -> int:
        """Costs."""
        return self._arena.task.size

    @property
    def lower_bounds(self) -> tuple[float, ...]:
        """The same for all."""
        return (-self._arena.task.reach,) * self.dim

    @property
    def upper_bounds(self) -> tuple[float, ...]:
        """The same for all."""
        return (self._arena.task.reach,) * self.dim

    def vector_to_factor_dict(self, vector: tuple) -> dict:
        """Costs as a factor."""
        return {"costs": vector}

    def factor_dict_to_vector(self, factor_dict: dict) -> tuple:
        """Costs from the factor."""
        return factor_dict["costs"]

    def get_random_solution(self, rand_sol_rng: MRG32k3a) -> tuple:
        """One corner and the other: solvers ask for 1000 H solutions, to learn how far they are apart and no more."""
        self._corners += 1
        return self.upper_bounds if self._corners % 2 else self.lower_bounds

    def replicate(self, x: tuple, /) -> RepResult:
        """Ask the arena."""
        costs, draws = np.array(x, np.float64), self._draws(*self.model.index)
        best = self._solver.recommended_solns[-1].x if self._solver.recommended_solns else np.zeros(self.dim)
        return RepResult([self.objective(costs, draws, self._arena.ask(costs, draws.number, best))])

    def objective(self, costs: np.ndarray, draws: Draws, answer: Answer) -> Objective:
        """wMAPD."""
        return Objective(stochastic=answer.wmapd)


class Dual(Costs):
    """The dual function of costs, to be maximized, with its gradient."""

    class_name_abbr: ClassVar[str] = "DUAL"
    class_name: ClassVar[str] = "Dual of capacity costs"
    minmax: ClassVar[tuple[int, ...]] = (1,)
    gradient_available: ClassVar[bool] = True

    def __init__(self, arena: Arena, solver: Solver, draws: Callable[[int, int], Draws], budget: int) -> None:
        """With no point seen."""
        super().__init__(arena, solver, draws, budget)
        self._seen: dict[int, list[tuple[np.ndarray, np.ndarray, float]]] = {}

    def objective(self, costs: np.ndarray, draws: Draws, answer: Answer) -> Objective:
        """The dual's value, 0 at the first point of a path and integrated from the nearest one seen."""
        seen = self._seen.setdefault(draws.path, [])
        value, distance = 0.0, np.inf
        for there, slope, height in seen:
            if (apart := float(np.linalg.norm(costs - there))) < distance:
                distance, value = apart, height + float((slope + answer.violation) @ (costs - there)) / 2
        if distance > 0:
            seen.append((costs, answer.violation, value))
        return Objective(stochastic=value, stochastic_gradients=answer.violation)


def solve(problem: Costs, solver: Solver, seed: int) -> np.ndarray:
    """Run a solver as simoptlib's own experiments do, with a stream of random numbers for each seed."""
    solver.solution_progenitor_rngs = [MRG32k3a(s_ss_sss_index=[seed + 3, 0, 0])]
    solver.attach_rngs([MRG32k3a(s_ss_sss_index=[seed + 3, 1 + number, 0]) for number in range(3)])
    return np.array(solver.run(problem)["solution"].iloc[-1])


def spsa(arena: Arena) -> np.ndarray:
    """Two replications tell it the noise, from which it takes the size of its perturbations."""
    solver = SPSA(fixed_factors={"n_reps": 2})
    return solve(Costs(arena, solver, paired, arena.task.evaluations), solver, arena.task.seed)


def adam(arena: Arena) -> np.ndarray:
    """Its mean of gradients is 0 for a single replication, so it is given two that are the same."""
    solver = ADAM(fixed_factors={"r": 2, "alpha": 0.1, "crn_across_solns": False})
    return solve(Dual(arena, solver, in_turn, 2 * arena.task.evaluations), solver, arena.task.seed)


def astro_df(arena: Arena) -> np.ndarray:
    """With gradients: without, its first model takes 2 H + 1 solutions of H / 2 replications."""
    solver = ASTRODF()
    # The arena ends it: most of its replications repeat others, and must not use up its own budget.
    return solve(Dual(arena, solver, paired, arena.task.size * arena.task.evaluations), solver, arena.task.seed)


if __name__ == "__main__":
    compete("simoptlib", {"SPSA": spsa, "ADAM": adam, "ASTRO-DF": astro_df})
