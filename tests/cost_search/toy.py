"""A small stand-in for the simulator: products choose among a few nodes every week, pay λ, and arrive in that week or
the next."""

import numpy as np
import scipy.optimize
import scipy.sparse


class Toy:
    """Piecewise constant response: each product-trial puts a week's whole quantity into its cheapest node.

    What was ordered into a node before makes it less attractive, so costs also act across weeks. The plan is what
    hidden costs would achieve, disturbed, so that it cannot be met exactly.
    """

    def __init__(self, seed: int, *, products: int = 1000, trials: int = 4, nodes: int = 30, weeks: int = 5):
        rng = np.random.default_rng(seed)
        self.shape = (nodes, weeks)
        self.trials = trials
        self.count = rng.integers(2, 6, products)
        popularity = rng.dirichlet(np.full(nodes, 3.0))
        self.node = np.stack([rng.choice(nodes, 5, replace=False, p=popularity) for _ in range(products)])
        self.usable = np.arange(5) < self.count[:, None]
        self.base = rng.gamma(2.0, 0.5, (products, 5))
        volume = rng.lognormal(4, 1.2, (products, 1, 1))
        self.quantity = volume * rng.gamma(4, 0.25, (products, trials, weeks))
        self.noise = 0.25 * rng.normal(size=(products, trials, weeks, 5))
        early = rng.uniform(0.2, 0.8, products)
        self.arrives = np.stack([early, 1 - early], 1)
        reached = self.utilization(rng.normal(0, 0.6, nodes * weeks))
        self.plan = np.maximum(reached * (1 + 0.1 * rng.normal(size=nodes * weeks)), 1.0)

    def utilization(self, costs: np.ndarray) -> np.ndarray:
        """Expected arrivals by node-week, units."""
        nodes, weeks = self.shape
        padded = np.concatenate([costs.reshape(nodes, weeks), np.zeros((nodes, 1))], 1)
        result = np.zeros((nodes, weeks + 1))
        before = np.zeros((len(self.node), self.trials, 5))
        for week in range(weeks):
            paid = padded[self.node, week] * self.arrives[:, :1] + padded[self.node, week + 1] * self.arrives[:, 1:]
            value = np.where(
                self.usable[:, None], (self.base + paid)[:, None] + self.noise[:, :, week] + 0.3 * before, np.inf
            )
            chosen = value == value.min(-1, keepdims=True)
            before = 0.5 * before + chosen
            units = (chosen * self.quantity[:, :, week, None]).mean(1)
            for late in (0, 1):
                part = (units * self.arrives[:, late, None]).ravel()
                result[:, week + late] += np.bincount(self.node.ravel(), part, minlength=nodes)
        return result[:, :weeks].ravel()

    def bound(self) -> float:
        """Least wMAPD that any split of the weekly quantities could reach."""
        nodes, weeks = self.shape
        product, slot = np.nonzero(self.usable)
        product, slot, week = (np.repeat(x, weeks) for x in (product, slot, np.zeros_like(product)))
        week = np.tile(np.arange(weeks), len(product) // weeks)
        column = np.arange(len(product))
        parts = []
        for late in (0, 1):
            inside = week + late < weeks
            row = self.node[product, slot] * weeks + week + late
            entry = (self.arrives[product, late][inside], (row[inside], column[inside]))
            parts.append(scipy.sparse.coo_array(entry, shape=(nodes * weeks, len(product))))
        owner = scipy.sparse.coo_array((np.ones(len(product)), (product * weeks + week, column)))
        eye = scipy.sparse.eye_array(nodes * weeks)
        matrix = scipy.sparse.block_array([[parts[0] + parts[1], -eye, eye], [owner, None, None]], format="csr")
        cost = np.r_[np.zeros(len(product)), np.ones(2 * nodes * weeks)]
        right = np.r_[self.plan, self.quantity.mean(1).ravel()]
        options = {"ipm_optimality_tolerance": 1e-4}
        return (
            scipy.optimize.linprog(cost, A_eq=matrix, b_eq=right, method="highs-ipm", options=options).fun
            / self.plan.sum()
        )
