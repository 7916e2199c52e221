"""Our methods for the buying LP behind one signature, and their times.

Every method is a function of LPs and a state that gives an answer and a state: from its fresh state it starts cold,
from the state of earlier LPs hot. A method is compiled once for each shape, batch and floating type.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.buying_lp_instances import Fields, Instances, Shape
from jaxsim.kernels import buying
from jaxsim.kernels.buying import (
    FIRST_ORDER,
    METHODS,
    NETWORK_SIMPLEX,
    SHORTEST_PATHS,
    BuyingLP,
    Method,
    Status,
    no_start,
    solve_from,
)

REPEATS = 5
"""Most runs of which the best counts, after one that does not."""

SLOW_ROUTES = 32768
"""About nodes x regions x batch of slow methods."""


class Contestant(NamedTuple):
    """A method of ours."""

    name: str
    solve: Callable[[BuyingLP, Any], tuple[Any, Any]]
    """An answer, with objective, certificate and status, and the state to start a similar LP from."""
    fresh: Callable[[BuyingLP], Any]
    starts: tuple[str, ...] = ("cold", "hot")
    slow: bool = False
    """Thousands of iterations: it gets few LPs, in float64, on one thread."""
    exact: bool = True
    """Finds a vertex. The others take long to compile: they get one size of batch."""

    def batches(self, shape: Shape, wanted: Sequence[int]) -> Sequence[int]:
        """Sizes of the batches that it is given, out of those wanted or instead of them."""
        if self.slow:
            return (max(8, SLOW_ROUTES // (shape[0] * shape[1])),)
        return wanted if self.exact else wanted[-1:]


class Exact(NamedTuple):
    """What HiGHS found for the first LPs."""

    objective: np.ndarray
    size: np.ndarray
    """Sum of the magnitudes of the objective's terms."""

    def error(self, objective: np.ndarray) -> float:
        """Largest error of the first objectives, as a part of `size`; objectives that are not numbers do not count."""
        count = min(len(self.objective), len(objective))
        error = np.abs(objective[:count] - self.objective[:count]) / self.size[:count]
        return float(error[np.isfinite(error)].max(initial=0))


class Deadline:
    """When no further figure is begun."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._end


def contestants(shape: Shape) -> list[Contestant]:
    """Methods that can be had for a shape."""
    return [_contestant(method) for method in METHODS.values() if method.available(buying.Shape(*shape))]


def _contestant(method: Method) -> Contestant:
    """A method of `jaxsim.kernels.buying`; shortest paths has no hot start, as its starts are of no bytes."""
    starts = ("cold",) if method == SHORTEST_PATHS else ("cold", "hot")
    fresh = partial(no_start, method=method)
    solve, exact = partial(solve_from, method=method), method in (SHORTEST_PATHS, NETWORK_SIMPLEX)
    return Contestant(method.name, solve, fresh, starts, slow=method == FIRST_ORDER, exact=exact)


def cores() -> int:
    """Python threads that use the whole machine; an accelerator needs one."""
    return len(os.sched_getaffinity(0)) if jax.default_backend() == "cpu" else 1


class Stopwatch:
    """Times contestants on instances, within limits, and keeps their programs."""

    def __init__(self, deadline: Deadline, seconds: float) -> None:
        self.deadline, self._seconds, self._programs = deadline, seconds, {}
        self.left_out: list[str] = []
        """What was, for lack of time or memory, in words."""

    def rows(
        self,
        contestant: Contestant,
        instances: Instances,
        batch: int,
        dtype: type,
        exact: Exact | None = None,
        *,
        whole: bool = False,
    ) -> Iterator[dict]:
        """A row for each way to start, on one thread, and if ``whole`` on all cores, each with a batch of its own."""
        batch = min(batch, instances.size)
        if self.deadline.passed:
            self.left_out.append(f"{contestant.name} {np.dtype(dtype).name}, {instances.name}, batch {batch}")
            return
        lp, before = (_batch(fields, batch, dtype, 0) for fields in (instances.lps, instances.before))
        first = contestant.fresh(lp)
        for start in contestant.starts:
            program, compile_seconds = self._program(contestant, lp, first)
            states = [first if start == "cold" else program(before, first)[1]]
            for threads in sorted({1, cores()} if whole else {1}):
                lps = [lp, *(_batch(instances.lps, batch, dtype, batch * i // threads) for i in range(1, threads))]
                states += [_rolled(states[0], batch * i // threads) for i in range(len(states), threads)]
                figures, answer = self._time(program, lps, states[:threads])
                yield {
                    "method": contestant.name, "dtype": np.dtype(dtype).name, "start": start,
                    "batch": batch, "threads": threads, **figures,
                    "compile_seconds": compile_seconds, **_quality(answer, exact),
                }  # fmt: skip

    def _program(self, contestant: Contestant, lp: BuyingLP, state: Any) -> tuple[Callable, float]:
        """The compiled method, and how long compiling took."""
        key = contestant.name, *((array.shape, array.dtype) for array in lp)
        if key not in self._programs:
            start = time.perf_counter()
            compiled = jax.jit(contestant.solve).lower(lp, state).compile()
            self._programs[key] = compiled, time.perf_counter() - start
        return self._programs[key]

    def _time(self, program: Callable, lps: list[BuyingLP], states: list[Any]) -> tuple[dict, Any]:
        """Best of several runs, fewer where they are long, and the first thread's answer."""
        one = lambda lp, state: jax.block_until_ready(program(lp, state)[0])
        with ThreadPoolExecutor(len(lps)) as pool:
            run = lambda: list(pool.map(one, lps, states))
            answers, first = _seconds(run)
            times = [_seconds(run)[1] for _ in range(max(1, min(REPEATS, int(self._seconds / first.wall))))]
        best = min(times, key=lambda time: time.wall)
        count = lps[0].order_total.size * len(lps)
        figures = {
            "us_per_lp": best.wall / count * len(lps) * 1e6,
            "lps_per_second": count / best.wall,
            "busy_cores": best.processor / best.wall,
            "runs": len(times),
        }
        return figures, answers[0]


class _Seconds(NamedTuple):
    wall: float
    processor: float


def _seconds(run: Callable) -> tuple[Any, _Seconds]:
    """What a call that blocks gives, and what it took."""
    wall, processor = time.perf_counter(), time.process_time()
    given = run()
    return given, _Seconds(time.perf_counter() - wall, time.process_time() - processor)


def _batch(fields: Fields, count: int, dtype: type, shift: int) -> BuyingLP:
    """The first LPs, beginning with another one than the first if shifted."""
    cut = lambda array: np.roll(array[..., :count], -shift, axis=-1) if shift else array[..., :count]
    return BuyingLP(**{name: jnp.asarray(cut(array), dtype) for name, array in fields.items()})


def _rolled(state: Any, shift: int) -> Any:
    """States of LPs that are shifted in the same way."""
    return jax.tree.map(lambda array: jnp.roll(array, -shift, axis=-1), state)


def _quality(answer: Any, exact: Exact | None) -> dict:
    """Largest gap and residuals, share with a certificate, and error of the objective."""
    figures = {
        "certified": float(np.mean(np.asarray(answer.status) == Status.OPTIMAL)),
        "gap": float(answer.gap.max()),
        "primal_residual": float(answer.primal_residual.max()),
        "dual_residual": float(answer.dual_residual.max()),
    }
    if exact is not None:
        figures["objective_error"] = exact.error(np.asarray(answer.objective, np.float64))
    return figures
