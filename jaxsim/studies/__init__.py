"""Studies: the stages of a command, from tables to a `Result`; commands and Python run the same functions.

`simulate.simulate` and `search.search` take a scenario (a folder, or a `Scenario` in memory) and return a
`result.Result`, which a run folder keeps while they run (`out`) or afterwards (`Result.save`). `compare.compare` sets
two results side by side. `settings` says what can be chosen, `problem` draws the sample and makes the arrays,
`measured` makes tables and metrics of outcomes, `journal` remembers iterations, and `progress` tells people.
"""
