"""HiGHS prints nothing, whichever version it is: its output is off before its first call that could print."""

import highspy
import numpy as np
import scipy.sparse

from jaxsim.highs import QuietHighs
from jaxsim.measures.split_lp import SplitProblem, solve_highs
from jaxsim.reference.buying_lp import BuyingProblem, solve


def test_output_is_off_when_callbacks_are_enabled(monkeypatch):
    found = []

    def enable(self):
        found.append(self.getOptionValue("output_flag")[1])

    monkeypatch.setattr(highspy.Highs, "enableCallbacks", enable)
    highspy.Highs()
    QuietHighs()
    assert found == [True, False]


def test_nothing_is_printed(capfd):
    lp = BuyingProblem(
        order_cost=[0.0, 0.0],
        cap=[10, 10],
        supply=[0, 0],
        overage_cost=[0.0, 0.0],
        route_cost=[[1.0], [2.0]],
        segment_width=[[10.0]],
        segment_value=[20.0],
        quantity=10,
    )
    assert solve(lp, "a product").order == [10.0, 0.0]
    one = scipy.sparse.csc_array(np.ones((1, 1)))
    split = solve_highs(SplitProblem(np.ones(1), np.zeros(1, np.int64), one, np.ones(1)), time_limit=10.0, threads=1)
    assert split.status == "Optimal"
    assert capfd.readouterr() == ("", "")
