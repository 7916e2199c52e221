"""Our textbook cases, with the exact cost of each, as a file that the rivals' scripts read.

python -m validation.rivals.export FILE
"""

import argparse
from pathlib import Path

from jaxsim.scenario import textbook
from jaxsim.scenario.textbook import CASES, Case, Poisson
from jaxsim.system import System, build
from validation.rivals.cases import Cases, Serial, Stage, write
from validation.textbook_answers import exact_cost


def cases(system: System) -> Cases:
    """All of `CASES`; exact costs are those under the demand that `system` tabulates."""
    (serial,) = (_serial(case, exact_cost(system, case)) for case in CASES if case.shop is not None)
    return Cases(tuple(_stage(case, exact_cost(system, case)) for case in CASES if case.shop is None), serial)


def _stage(case: Case, exact: float) -> Stage:
    demand = case.demand
    poisson = isinstance(demand, Poisson)
    return Stage(
        name=case.name,
        demand="poisson" if poisson else "normal",
        mean=demand.mean,
        deviation=demand.mean**0.5 if poisson else demand.deviation,
        lead_time=case.lead_time,
        holding=case.holding,
        shortage=case.shortage,
        level=case.order_up_to,
        lost=not case.backlogged,
        exact=exact,
        published=case.answer,
        published_is_bound=case.is_bound,
    )


def _serial(case: Case, exact: float) -> Serial:
    shop, demand = case.shop, case.demand
    assert shop is not None
    assert not isinstance(demand, Poisson)
    return Serial(
        name=case.name,
        mean=demand.mean,
        deviation=demand.deviation,
        lead_times=(case.lead_time, shop.lead_time),
        holdings=(shop.upstream_holding, case.holding),
        shortage=case.shortage,
        levels=(case.order_up_to, shop.base_stock),
        exact=exact,
        published=case.answer,
        published_is_bound=case.is_bound,
    )


def main() -> None:
    """Write the file named on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    write(parser.parse_args().out, cases(build(textbook.scenario())))


if __name__ == "__main__":
    main()
