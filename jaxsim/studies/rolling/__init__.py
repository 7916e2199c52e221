"""The rolling study: capacity costs refreshed every week, in a world that goes on.

`window` carries a world from week to week, `world` lives a week, `refresh` searches the costs of the weeks ahead,
`study` is the loop.
"""

from jaxsim.studies.rolling.study import rolling

__all__ = ["rolling"]
