"""The event engine `events`: the paper's Algorithm 1, one product-trial at a time, as plainly as it can be written.

It reads `docs/semantics.md` independently of the scan engine, in Python numbers, with a time-ordered queue of events
and a fresh HiGHS solve for every buying LP, so that a mistake in either engine shows when the two are compared.

    trajectory = run(system, costs, trials=3, seed=1)         # every day of every product-trial
    sequence = decisions(system, 0, 0, costs, seed=1)         # what was decided for one of them, and when

`policies` decide; `engine` pops events and does what they say.
"""

from jaxsim.reference.decision import Buy, Decision, DecisionKind, Fulfill, Place
from jaxsim.reference.engine import decisions, run
from jaxsim.reference.policies import Policies

__all__ = ["Buy", "Decision", "DecisionKind", "Fulfill", "Place", "Policies", "decisions", "run"]
