"""Studies: the stages of a command, from tables to a `Result`; commands and Python run the same functions.

`simulate.simulate`, `search.search` and `evaluate.evaluate` take a scenario (a folder, or a `Scenario` in memory) and
return a `result.Result`, which a run folder keeps while they run (`out`) or afterwards (`Result.save`).
`compare.compare` sets two results side by side. `settings` says what can be chosen, `problem` draws the sample and
makes the arrays, `measured` makes tables and metrics of outcomes, `population` simulates every product in blocks,
`expected` makes tables and metrics of their totals, `journal` remembers iterations, and `progress` tells people.
"""
