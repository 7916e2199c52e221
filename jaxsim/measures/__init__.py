"""What a simulation is judged by: utilization and adherence to the labor plan, service, costs; all with standard
errors."""

from jaxsim.measures.adherence import wmapd
from jaxsim.measures.bound import Bound, lower_bound
from jaxsim.measures.estimates import Estimate, ratio
from jaxsim.measures.kpi import costs, emissions, kpis
from jaxsim.measures.service import fill_rate, preferred_node_availability, simulated_preferred_availability
from jaxsim.measures.utilization import planned_node_weeks, utilization

__all__ = [
    "Bound",
    "Estimate",
    "costs",
    "emissions",
    "fill_rate",
    "kpis",
    "lower_bound",
    "planned_node_weeks",
    "preferred_node_availability",
    "ratio",
    "simulated_preferred_availability",
    "utilization",
    "wmapd",
]
