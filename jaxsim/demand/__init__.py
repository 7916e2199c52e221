"""Demand: what customers do, what buying believes of it, and the algebra of both.

- `source`: a `DemandSource` is the truth that the engines draw from: a quantile function by product and week, or sample
  paths.
- `forecast`: a `Forecast` is the belief that order-up-to levels, LP segments and targets are made of.
- `moments`: means and variances of weekly demand, of its parts and of its sums, and their quantiles.

Where a scenario gives no forecast of its own, belief equals truth. Import from the modules: `moments` and `forecast` do
without JAX, and scenarios are generated with them.
"""
