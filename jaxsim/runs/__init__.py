"""Run folders: what a simulation or a search leaves on disk, and how an interrupted one goes on.

`folder` keeps the files, `checkpoint` the state of a search after each iteration, `study` runs the stages from tables
to measures, and `progress` tells people about it. `runtime` holds the few settings of JAX that a command needs.
"""
