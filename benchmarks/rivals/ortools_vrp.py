# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""OR-Tools' routing library on one instance with time windows, whole numbers in tenths; imports no package of ours.

    python ortools_vrp.py ASKED.json ANSWERED.json

A first solution by parallel cheapest insertion, then guided local search until the time is over: what its guide
recommends for this kind of problem.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

from ortools.constraint_solver import pywrapcp, routing_enums_pb2


def solve(asked: dict) -> list[list[int]]:
    """Orders of each route by number, from 0."""
    places = len(asked["distance"])
    manager = pywrapcp.RoutingIndexManager(places, asked["trucks"], 0)
    model = pywrapcp.RoutingModel(manager)
    distance, service, demand = asked["distance"], [0, *asked["service"]], [0, *asked["demand"]]
    node = manager.IndexToNode
    miles = model.RegisterTransitCallback(lambda a, b: distance[node(a)][node(b)])
    model.SetArcCostEvaluatorOfAllVehicles(miles)
    load = model.RegisterUnaryTransitCallback(lambda a: demand[node(a)])
    model.AddDimension(load, 0, asked["capacity"], True, "load")
    clock = model.RegisterTransitCallback(lambda a, b: distance[node(a)][node(b)] + service[node(a)])
    model.AddDimension(clock, asked["end"], asked["end"], False, "time")
    times = model.GetDimensionOrDie("time")
    for order, (ready, due) in enumerate(zip(asked["ready"], asked["due"], strict=True)):
        times.CumulVar(manager.NodeToIndex(order + 1)).SetRange(ready, due)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    parameters.time_limit.FromMilliseconds(int(asked["seconds"] * 1000))
    answer = model.SolveWithParameters(parameters)
    routes = []
    for truck in range(asked["trucks"] if answer else 0):
        route, index = [], answer.Value(model.NextVar(model.Start(truck)))
        while not model.IsEnd(index):
            route.append(node(index) - 1)
            index = answer.Value(model.NextVar(index))
        routes += [route] if route else []
    return routes


def main() -> None:
    """Read, solve, write."""
    asked = json.loads(Path(sys.argv[1]).read_text())
    began = time.perf_counter()
    routes = solve(asked)
    answer = {"routes": routes, "seconds": time.perf_counter() - began, "version": version("ortools")}
    Path(sys.argv[2]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()
