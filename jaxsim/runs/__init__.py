"""Run folders: what a study leaves on disk, and how an interrupted one goes on.

`folder` keeps the files, `metrics` says what `metrics.json` holds, `checkpoint` keeps the state of a search after each
iteration. `runtime` holds the few settings of JAX that a command needs.
"""
