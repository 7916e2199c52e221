"""Demand from a table of real demand history: the products, their weekly demand and what to say of them."""

from jaxsim.scenario.generate.history.history import History
from jaxsim.scenario.generate.history.wide import read_wide as read_history

__all__ = ["History", "read_history"]
