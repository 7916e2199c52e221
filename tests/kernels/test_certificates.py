"""Adversarial LPs through kernel and HiGHS: what the kernel calls optimal must hold by a certificate of another author.

`validation.lp_certificates` does the same for many more LPs and shapes.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.kernels.buying import BuyingLP, Solution, Status, solve
from validation.adversarial_lps import FAMILIES, adversarial_lps
from validation.lp_evidence import (
    ROUNDING,
    TOLERANCE,
    Answer,
    Fields,
    evidence,
    false_optimal,
    highs_from_scratch,
    shortage,
    verdicts,
)

SHAPE = 5, 7, 3
EACH = 60  # LPs of a family
HONEST = 0.02  # largest part of a family that may be INACCURATE


def solved(lp: Fields) -> Solution:
    """The kernel's answer in NumPy arrays."""
    return jax.tree.map(np.asarray, solve(BuyingLP(**{name: jnp.asarray(array) for name, array in lp.items()})))


def small() -> Fields:
    """Two nodes that may order 10 in all, one region that wants 10 worth 20 each; a batch of one."""
    lp = {
        "order_cost": [0.0, 0.0],
        "order_cap": [10.0, 10.0],
        "order_total": 10.0,
        "supply": [0.0, 0.0],
        "route_cost": [[1.0], [2.0]],
        "overage_cost": [1.0, 1.0],
        "segment_value": [[20.0]],
        "segment_width": [[10.0]],
    }
    return {name: np.asarray(values)[..., None] for name, values in lp.items()}


def answer_of_small(order, too_much: float = 0.0) -> Answer:
    """Ship what is ordered; optimal duals, but for a demand dual that is ``too_much`` above what node 0 allows."""
    order = np.asarray(order)[:, None]
    supply, demand = np.full((2, 1), -3.0), np.full((1, 1), 4.0 + too_much)
    return Answer(order, order[:, None], 0 * order, np.full((1, 1, 1), order.sum()), supply, demand, np.full(1, -3.0))


@pytest.mark.parametrize("family", FAMILIES)
def test_no_false_optimal(family):
    lp = adversarial_lps(family, SHAPE, EACH, seed=1)
    solution = solved(lp)
    answer, claims = highs_from_scratch(lp)
    ours = evidence(lp, Answer.of_kernel(solution))
    verdict = verdicts(lp, ours, evidence(lp, answer), claims)
    optimal, infeasible = solution.status == Status.OPTIMAL, solution.status == Status.INFEASIBLE
    assert not false_optimal(np.asarray(optimal), verdict).any()
    assert not (infeasible & ~verdict.short).any()
    assert not (~infeasible & (shortage(lp) > ROUNDING * lp["order_total"])).any()
    assert (~optimal & ~infeasible).mean() <= HONEST
    assert set(np.unique(solution.status)) <= {Status.OPTIMAL, Status.INFEASIBLE, Status.INACCURATE}
    assert (optimal & verdict.highs_holds).sum() >= 0.25 * EACH


def test_false_optimal_is_found():
    """The answer to other costs is feasible but not optimal: the certificate must deny it, and HiGHS contradict it."""
    lp = adversarial_lps("both signs", SHAPE, EACH, seed=1) | {"segment_value": np.full((7, 3, EACH), 20.0)}
    lp["route_cost"] = np.random.default_rng(0).uniform(1, 9, lp["route_cost"].shape)
    solution = solved(lp | {"route_cost": lp["route_cost"][::-1]})
    assert (solution.status == Status.OPTIMAL).all()
    answer, claims = highs_from_scratch(lp)
    ours = evidence(lp, Answer.of_kernel(solution))
    verdict = verdicts(lp, ours, evidence(lp, answer), claims)
    assert verdict.highs_holds.all()
    assert (ours.residual <= TOLERANCE).all()
    assert false_optimal(np.asarray(solution.status == Status.OPTIMAL), verdict).all()
    # Either alone: HiGHS contradicts even where the certificate was fooled, and the certificate needs no HiGHS.
    assert false_optimal(np.full(EACH, True), verdict._replace(holds=np.full(EACH, True))).all()
    assert false_optimal(np.full(EACH, True), verdict._replace(highs_holds=np.full(EACH, False))).all()


def test_certificate_of_a_known_optimum():
    """Node 0 is cheaper: all 10 units go there, at 1 each, worth 20."""
    proof = evidence(small(), answer_of_small([10.0, 0.0]))
    assert proof.objective[0] == -190
    assert proof.size[0] == 210
    assert proof.residual[0] == proof.repair[0] == proof.gap[0] == 0
    assert proof.holds[0]


@pytest.mark.parametrize(
    ("order", "too_much", "flaw"),
    [
        ([9.0, 1.0], 0.0, "gap"),  # feasible, but a unit ships from the dearer node
        ([10.0, 0.5], 0.0, "residual"),  # more than Q, and more than the region wants
        ([10.5, -0.5], 0.0, "residual"),
        ([10.0, 0.0], 1.0, "repair"),
    ],
)
def test_certificate_sees_flaws(order, too_much, flaw):
    proof = evidence(small(), answer_of_small(order, too_much))
    assert getattr(proof, flaw)[0] > 1e-3
    assert proof.holds[0] == (flaw == "repair")  # the repaired bound still proves the point


def test_repair_keeps_the_bound_below_the_optimum():
    """Whatever the prices, the bound must not exceed the optimum: otherwise a gap would prove nothing."""
    lp = adversarial_lps("both signs", SHAPE, EACH, seed=2)
    answer, claims = highs_from_scratch(lp)
    assert claims.all()
    best, rng = evidence(lp, answer), np.random.default_rng(0)
    noise = {name: array + rng.normal(0, 3, array.shape) for name, array in answer._asdict().items() if "dual" in name}
    proof = evidence(lp, answer._replace(**noise))
    assert best.holds.all()
    assert (proof.gap > 1e-3).all()
    assert (proof.repair > 1e-3).mean() > 0.5
    np.testing.assert_array_equal(proof.objective, best.objective)


def test_shortage_is_exact():
    lp = {"order_cap": np.array([[0.1, 0.1], [0.2, 0.2]]), "order_total": np.array([0.3, 0.1 + 0.2])}
    assert (shortage(lp) > 0).tolist() == [False, True]  # 0.1 + 0.2 rounds up to more than the two add up to
