"""What a simulation is judged by: utilization and adherence to the labor plan, service, costs; all with standard
errors."""

from jaxsim.measures.adherence import Adherence, adherence, wmapd
from jaxsim.measures.bottlenecks import PARTS, Parts, at_end_of, split_deviation, unmendable
from jaxsim.measures.bound import Bound, bound_of, joint_bound, lower_bound, nearest_optimum, wmapd_bound
from jaxsim.measures.estimates import Estimate, ratio, total
from jaxsim.measures.indicators import COLUMNS, INDICATORS, WMAPD, Indicator, contributions, kpis, kpis_of
from jaxsim.measures.order_groups import OrderGroups
from jaxsim.measures.paired import NORMAL_95, Difference, independent, paired_ratios, paired_totals, relative_fall
from jaxsim.measures.period import PeriodCosts, period_costs
from jaxsim.measures.service import fill_rate, preferred_node_availability, simulated_preferred_availability
from jaxsim.measures.sources import Sources
from jaxsim.measures.totals import Totals, Use
from jaxsim.measures.utilization import utilization

__all__ = [
    "COLUMNS",
    "INDICATORS",
    "NORMAL_95",
    "PARTS",
    "WMAPD",
    "Adherence",
    "Bound",
    "Difference",
    "Estimate",
    "Indicator",
    "OrderGroups",
    "Parts",
    "PeriodCosts",
    "Sources",
    "Totals",
    "Use",
    "adherence",
    "at_end_of",
    "bound_of",
    "contributions",
    "fill_rate",
    "independent",
    "joint_bound",
    "kpis",
    "kpis_of",
    "lower_bound",
    "nearest_optimum",
    "paired_ratios",
    "paired_totals",
    "period_costs",
    "preferred_node_availability",
    "ratio",
    "relative_fall",
    "simulated_preferred_availability",
    "split_deviation",
    "total",
    "unmendable",
    "utilization",
    "wmapd",
    "wmapd_bound",
]
