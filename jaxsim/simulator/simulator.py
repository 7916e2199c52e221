"""The scan engine's front: from a `System` and costs to an `Outcome` or a `Trajectory`.

Batching, jit, threads and the choice of chunk size live here and nowhere else; days are in `env` and `rollout`.
"""

import dataclasses
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import DTypeLike

from jaxsim import interrupts
from jaxsim.outcome import Outcome, Trajectory
from jaxsim.resources import Costs
from jaxsim.simulator import chunks, guard
from jaxsim.simulator.frozen import FrozenChunk, FrozenReviews
from jaxsim.simulator.policies import Policies
from jaxsim.simulator.policies.protocol import split
from jaxsim.simulator.rollout import Counts, Record, nothing_kept, rollout
from jaxsim.simulator.state import Day, Inputs, Review, Shared
from jaxsim.system import System, check_system, check_trials

CHUNK = {"cpu": 512, "gpu": 65536}
"""Product-trials per jitted call: on a CPU the LP's arrays of a chunk stay in the second-level cache."""

KEEP_BYTES = 1 << 30
"""Chunks stay on the device between runs while all of them together take less than this; so do their warm starts."""


def _roll_out(
    inputs: Inputs, shared: Shared, weights: Policies, kept: Any, rules: Policies, record: Record
) -> tuple[Counts, Any, Day | Review | None]:
    """`rollout` of policies that were split."""
    return rollout(inputs, shared, eqx.combine(weights, rules), kept, record)


_jit = partial(jax.jit, _roll_out, static_argnames=("rules", "record"), donate_argnames="kept")
_simulate = _jit(compiler_options={"xla_cpu_prefer_vector_width": 512})
"""On a CPU. Which of both is right is asked when a chunk runs: to ask starts a backend, which an import must not."""
_simulate_elsewhere = _jit()


class Simulator:
    """Simulates every product of a system under given capacity costs, for a fixed seed.

    Two runs differ only by their costs: demand and lead times are the same draws (common random numbers). A run may
    start from what a policy kept of the run before, such as the bases of its LPs. That saves time and changes no
    outcome (`jaxsim.simulator.policies.WarmStart`).
    """

    def __init__(
        self,
        system: System,
        *,
        policies: Policies | None = None,
        trials: int = 1,
        first_trial: int = 0,
        seed: int = 0,
        lp_dtype: str = "float64",
        chunk: int | None = None,
        threads: int | None = None,
        warm_start: bool = True,
    ) -> None:
        """Prepare the chunks of a system.

        Args:
            policies: who buys, places and fulfills; the defaults when left out.
            trials: independent futures per product. first_trial: number of the first one. seed: 0 … 2**64 − 1.
            lp_dtype: precision of the buying LP, float64 or float32; units are whole numbers in both.
            chunk: product-trials per jitted call. threads: chunks simulated at a time.
            warm_start: whether a run may start from what the run before kept: with the default policy a basis for each
                week and product-trial. It is not kept where it takes more than `KEEP_BYTES` in all.

        Raises:
            ValueError: a count is not positive, the seed is out of range, the type is neither of the two, a policy is
                not hashable, the system holds numbers that are not finite or out of range
                (`jaxsim.system.check_system`), or its demand has not that many trials.
        """
        if trials < 1 or (chunk is not None and chunk < 1) or (threads is not None and threads < 1):
            raise ValueError("trials, chunk and threads must be positive whole numbers")
        if not 0 <= seed < 2**64 or first_trial < 0:
            raise ValueError(
                f"seed must lie in 0 … 2**64 − 1 and first_trial must not be negative, got {seed}, {first_trial}"
            )
        if lp_dtype not in ("float64", "float32"):
            raise ValueError(f"lp_dtype must be float64 or float32, got {lp_dtype!r}")
        check_system(system)
        check_trials(system, first_trial, trials)
        backend = jax.default_backend()
        self.system = system
        self.trials = trials
        self._first_trial = first_trial
        self._seed = seed
        self._dtype = np.dtype(lp_dtype)
        self._chunks = chunks.partition(system.products, trials, chunk or CHUNK.get(backend, CHUNK["gpu"]))
        self._threads = threads or ((os.cpu_count() or 1) if backend == "cpu" else 2)
        self._warm_start = warm_start
        self._weights, self._rules = split(policies or Policies())
        self._inputs: dict[int, Inputs] = {}
        self._kept: dict[int, Any] = {}

    @property
    def product_trials(self) -> int:
        """Product-trials of a run."""
        return len(self.system.product_names) * self.trials

    def run(self, costs: Costs = None) -> Outcome:
        """Counts of every product-trial under capacity costs λ, or prices of several resources (none when left out).

        Raises:
            ValueError: `costs` have another shape or are not finite.
            RuntimeError: a quantity overflowed, or a buying LP ended without an optimum; names product, trial, day and
                field.
        """
        counts = self._run(costs, Record.NOTHING)
        outcome = {}
        for field in dataclasses.fields(Outcome):
            outcome[field.name] = self._gather([getattr(count, field.name) for count, _ in counts], np.int32)
        outcome["moved"] = self._pad_sources(outcome["moved"])
        return Outcome(**outcome)

    def trajectory(self, costs: Costs = None) -> Trajectory:
        """Every day of every product-trial; for small systems, since memory grows with days × products × trials."""
        days = [day for _, day in self._run(costs, Record.DAYS)]
        fields = {}
        for name in days[0]._fields:
            parts = [getattr(day, name).reshape(-1, *getattr(day, name).shape[2:]) for day in days]
            fields[name] = self._gather(parts, np.float64 if name == "lp_order" else np.int32)
        fields["moved"] = self._pad_sources(fields["moved"])
        return Trajectory(**fields)

    def reviews(self, costs: Costs = None) -> FrozenReviews:
        """Every review of a run under prices, with what it saw: supply, backlog and the quantity to order.

        Raises:
            As `run` does.
        """
        parts = [
            FrozenChunk(chunk, self._chunk_inputs(index), Review(*map(jnp.asarray, reviews)))
            for index, (chunk, (_, reviews)) in enumerate(
                zip(self._chunks, self._run(costs, Record.REVIEWS), strict=True)
            )
        ]
        return FrozenReviews(self.system, self.trials, parts, self._threads)

    def _run(self, costs: Costs, record: Record) -> list[tuple[Counts, Any]]:
        with jax.enable_x64(True):
            shared = chunks.shared(self.system, costs, self._dtype)
        with ThreadPoolExecutor(min(self._threads, len(self._chunks))) as pool:
            return list(pool.map(partial(self._run_chunk, shared, record), range(len(self._chunks))))

    def _run_chunk(self, shared: Shared, record: Record, index: int) -> tuple[Counts, Any]:
        interrupts.check()
        with jax.enable_x64(True):
            inputs = self._chunk_inputs(index)
            kept = self._take_kept(index, inputs)
            simulate = _simulate if jax.default_backend() == "cpu" else _simulate_elsewhere
            counts, kept, recorded = simulate(inputs, shared, self._weights, kept, rules=self._rules, record=record)
            if self._warm_start and _bytes(kept) * len(self._chunks) <= KEEP_BYTES:
                self._kept[index] = kept
            counts, recorded = jax.device_get((counts, recorded))
        self._check_faults(self._chunks[index], counts.fault)
        return counts, recorded

    def _take_kept(self, index: int, inputs: Inputs) -> Any:
        """What the chunk's last run kept, which this run uses up, or zeros."""
        if index in self._kept:
            return self._kept.pop(index)
        return nothing_kept(inputs, eqx.combine(self._weights, self._rules).buy)

    def _chunk_inputs(self, index: int) -> Inputs:
        if index not in self._inputs:
            chunk = self._chunks[index]
            moved = chunk._replace(trial=chunk.trial + self._first_trial)
            arrays = jax.device_put(chunks.inputs(self.system, moved, self._seed, self._dtype))
            if _bytes(arrays) * len(self._chunks) > KEEP_BYTES:
                return arrays
            self._inputs[index] = arrays
        return self._inputs[index]

    def _check_faults(self, chunk: chunks.Chunk, fault: np.ndarray) -> None:
        bad = np.flatnonzero(fault[: chunk.filled])
        if bad.size:
            name = self.system.product_names[chunk.product[bad[0]]]
            trial = int(chunk.trial[bad[0]]) + self._first_trial
            others = f" ({bad.size - 1} more product-trials of this chunk have faults)" if bad.size > 1 else ""
            raise RuntimeError(f"product {name}, trial {trial}, {guard.sentence(int(fault[bad[0]]))}{others}")

    def _gather(self, parts: list[np.ndarray], dtype: DTypeLike) -> np.ndarray:
        """Batch-last chunks → (products, trials, …)."""
        full = np.empty((len(self.system.product_names), self.trials, *parts[0].shape[:-1]), dtype)
        for chunk, part in zip(self._chunks, parts, strict=True):
            keep = slice(0, chunk.filled)
            full[chunk.product[keep], chunk.trial[keep]] = np.moveaxis(part, -1, 0)[keep]
        return full

    def _pad_sources(self, moved: np.ndarray) -> np.ndarray:
        """Give the axis of sending slots its full length; fulfillment slots never send."""
        missing = moved.shape[-1] - moved.shape[-2]
        return np.pad(moved, [(0, 0)] * (moved.ndim - 2) + [(0, missing), (0, 0)])


def _bytes(tree: Any) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(tree))
