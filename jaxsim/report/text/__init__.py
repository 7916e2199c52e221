"""Text for terminals: `run` tells of runs and comparisons of them, `conformance` of checks of the engines."""
