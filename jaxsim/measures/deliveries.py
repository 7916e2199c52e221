"""Indicators of deliveries: what a day's parcels of a node cost on their way to customers, how punctual and how clean.

They are entries of the registry's own kind (`jaxsim.measures.Indicator`), ratios of two totals whose columns each
node-day adds to, so that estimates, standard errors and paired differences are those of all other indicators with
node-days in the place of products. A package is a unit delivered.
"""

from jaxsim.measures.indicators import INDICATORS, Indicator

DELIVERY_COLUMNS = (
    "packages",
    "on_time",
    "delivery_cost",
    "truck_packages",
    "truck_cost",
    "truck_miles",
    "delivery_co2",
)
"""What each node-day adds: packages; those in their window (truck) or within two days (carrier); currency for trucks
and carriers; packages on trucks; currency and miles of trucks; kg CO2 of trucks and carriers."""

DELIVERY_INDICATORS: dict[str, Indicator] = {
    "delivery_cost_per_package": Indicator(
        ("delivery_cost",),
        "packages",
        "delivery cost",
        "$ per package",
        "lower",
        definition="$ for trucks (miles, and each that leaves) and for the carrier / packages; "
        "lateness steers and is not in it",
    ),
    "route_cost_per_package": Indicator(
        ("truck_cost",),
        "truck_packages",
        "route cost",
        "$ per package on a truck",
        "lower",
        definition="$ for trucks (miles, and each that leaves) / packages on trucks",
    ),
    "on_time_share": Indicator(
        ("on_time",),
        "packages",
        "on-time delivery",
        "packages in time / packages",
        "higher",
        share=True,
        definition="packages in their window (truck) or within two days (carrier) / packages",
    ),
    "packages_per_mile": Indicator(
        ("truck_packages",),
        "truck_miles",
        "route efficiency",
        "packages per truck mile",
        "higher",
        definition="packages on trucks / miles of trucks, empty ones too",
    ),
    "delivery_co2_per_package": Indicator(
        ("delivery_co2",),
        "packages",
        "emissions of delivery",
        "kg CO2 per package",
        "lower",
        definition="kg CO2 of trucks and of the carrier / packages",
    ),
}
"""Ratios of two totals over node-days by name."""

REGISTRY: dict[str, Indicator] = INDICATORS | DELIVERY_INDICATORS
"""Every indicator by name: those of product-trials and those of node-days."""

CLAIMED: dict[str, tuple[str, str, str]] = {
    "delivery_cost_per_package": ("$2.50", "$1.80", "28% lower"),
    "overage_share": ("8%", "3%", "63% lower"),
    "on_time_share": ("89%", "97%", "9% higher"),
    "packages_per_mile": ("–", "–", "25% higher"),
}
"""What the case study claims of before, after and the change, by indicator; shown beside what is measured, and nothing
is made of it."""
