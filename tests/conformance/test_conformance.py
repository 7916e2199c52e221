"""The engines agree on any scenario: property-based, with scenarios that hypothesis draws and shrinks.

`make conformance` draws a thousand of them and keeps the figures; without options fifty are drawn, always the same.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from jaxsim import reference
from jaxsim.outcome import Trajectory
from jaxsim.resources import Costs, Prices
from jaxsim.simulator import Simulator
from jaxsim.simulator import simulator as module
from jaxsim.system import System
from tests.conformance.examples import Example, example_of, examples, fast_run, finding_of, simulated
from tests.conformance.features import OF_RUN, OF_SCENARIO, features_of
from tests.conformance.frames import FRAMES, Frame, stacked
from tests.conformance.tally import Tally
from validation.environment import environment
from validation.random_scenarios import Dice

SHARE = dict(zip((frame.name for frame in FRAMES), (0.3, 0.3, 0.1, 0.2, 0.1), strict=True))
"""Part of the scenarios that each frame gets."""

MOST_COMPILATIONS = 6
ENOUGH_FOR_RARE = 500
"""Scenarios among which every feature must occur; fewer need not meet the rare ones."""

COSTS = ("both signs", "zero", "large")
TIMING = "nothing is timed"
_jitted: Any = module._simulate  # what jax.jit returns has a cache that its type does not mention


@pytest.fixture(scope="module")
def crowd() -> System:
    """Twelve scenarios side by side: 96 product-trials."""
    return stacked([example_of(Dice(seed), FRAMES[0]).system for seed in range(36, 48)])


@pytest.fixture(scope="module")
def compiled(crowd: System) -> int:
    """Compile what this file runs, two programs at a time; how many programs were there before.

    All before hypothesis draws: run-time checks of types in another thread draw random numbers, which it must not see.
    """
    before = _jitted._cache_size()
    first = [example_of(Dice(0), frame) for frame in FRAMES]
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(_crowd_run, crowd, None), *(pool.submit(fast_run, example) for example in first)]
    for run in runs:
        run.result()
    return before


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.name)
def test_engines_agree_on_any_scenario(frame: Frame, scenarios: int, tally: Tally):
    """All fields of all days of all product-trials, but for proved ties; and both engines conserve units."""

    @settings(
        max_examples=max(round(SHARE[frame.name] * scenarios), 1),
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(examples(frame))
    def agree(example: Example) -> None:
        finding = simulated(example)
        more = {f"capacity costs: {example.costs_are}", f"storage prices: {example.storage_prices_are}"}
        more |= {"several chunks" if example.trials > 2 else "one chunk"}
        tally.add(finding, features_of(example.scenario, finding.system, finding.scan) | more)
        assert finding.comparison.agrees, str(finding.comparison.first)
        for engine, balance in zip(("scan", "events"), finding.balances, strict=True):
            assert not balance.broken, f"{engine}: {balance.first[0]}"

    agree()
    tally.finished.add(frame.name)


def _crowd_run(crowd: System, costs: Costs) -> Trajectory:
    return Simulator(crowd, trials=2, seed=4, chunk=96, threads=1).trajectory(costs)


@pytest.mark.usefixtures("compiled")
def test_engines_agree_on_many_products_in_one_chunk(crowd: System):
    """Another size of chunk, and products beside others."""
    draw = np.random.default_rng(3)
    costs = Prices({name: draw.normal(0.0, 0.3, crowd.network.plan.shape) for name in ("arrivals", "storage")})
    finding = finding_of(crowd, _crowd_run(crowd, costs), reference.run(crowd, costs, trials=2, seed=4), costs)
    assert finding.comparison.agrees, str(finding.comparison.first)
    assert not any(balance.broken for balance in finding.balances)
    assert finding.comparison.lps > 10
    assert ((finding.events.orders > 0).sum(3) > 1).any()


def test_scenarios_have_every_feature(tally: Tally, scenarios: int, results: Path | None, compiled: int):
    """Runs after the others: what they were tested on, and that few programs were compiled for it."""
    if tally.finished != {frame.name for frame in FRAMES}:
        pytest.skip("counts what test_engines_agree_on_any_scenario simulated, where all of it agreed")
    if results is not None:
        head = environment(0, TIMING) | {"hypothesis": "derandomized"}
        results.write_text(json.dumps(head | tally.figures(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    wanted = {*OF_SCENARIO, *OF_RUN, "one chunk", "several chunks"}
    wanted |= {f"{price}: {kind}" for price in ("capacity costs", "storage prices") for kind in COSTS}
    missing = sorted(wanted - tally.features.keys())
    assert not missing or scenarios < ENOUGH_FOR_RARE, missing
    assert len(missing) <= 0.1 * len(wanted), missing
    assert tally.lps > scenarios
    assert _jitted._cache_size() - compiled <= MOST_COMPILATIONS
