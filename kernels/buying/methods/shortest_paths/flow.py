"""Successive shortest paths: the buying LP as a minimum-cost flow, many at once, on whole numbers.

The network of one LP: a pool with ``total`` units to order, an arc from it to every node k (cost ``order_cost``,
capacity ``cap``), arcs k -> region r (``route_cost``), k -> sink (``overage_cost``), and from each region to the sink
one arc per demand segment (cost minus its value), filled in order because values do not increase. Every node k also
starts with ``supply`` units. Each pass of the loop

1. finds the label of every node, its least cost of bringing one more unit to the sink (Bellman-Ford, `swept_labels`),
2. picks one tight arc per node, which makes a tree towards the sink (`_parents`), and
3. pushes every excess unit along the tree as far as it can go (`_push`).

Flow pushed on tight arcs stays of least cost for what has been shipped, and labels never fall; when nothing is
in excess the flow is optimal (Ahuja, Magnanti and Orlin, *Network Flows*, 1993, sections 9.7 and 9.8).

All quantities and costs are whole multiples of a grid held in floating point, small enough that every sum is exact.
So a saturated arc is at exactly zero, equality of labels means what it says, and no tolerance decides anything.
Undoing one unit of flow costs one grid step more than the flow saved: then every cycle of the residual network is
longer than zero, so tight arcs cannot form one, at the price of optimality to within a grid step.

Arrays have the batch on their last axis. Two habits here are for the compiler. Reductions over short axes use plain
functions of two numbers, which it vectorizes over the batch; on a CPU `min` and `sum`, bound to handle NaN and order,
took 2 to 3 times as long. And what many large expressions share (tree, labels, outflows) passes through the carry of
a loop, which makes it an array: otherwise it is recomputed inside every one of them, which cost a factor of 2.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, Int32

NEVER = 2.0**60  # a cost beyond all paths
_ROUNDS = 4  # arcs of the tree that excess moves along in one pass; 3 to 8 are about as good


class Network(NamedTuple):
    """Grid-valued data of a block of LPs; quantities in grid units, costs in grid steps."""

    order_cost: Float[Array, "nodes block"]
    cap: Float[Array, "nodes block"]
    total: Float[Array, " block"]
    supply: Float[Array, "nodes block"]
    route_cost: Float[Array, "nodes regions block"]
    """Any value of at least 2**60 means that there is no arc."""
    overage_cost: Float[Array, "nodes block"]
    segment_value: Float[Array, "regions segments block"]
    """The first axis may be 1."""
    filled: Float[Array, "regions segments block"]
    """Cumulative segment widths."""


class Flow(NamedTuple):
    """A flow and what it has yet to ship; grid units."""

    order: Float[Array, "nodes block"]
    ship: Float[Array, "nodes regions block"]
    served: Float[Array, "regions block"]
    pool_excess: Float[Array, " block"]
    node_excess: Float[Array, "nodes block"]
    region_excess: Float[Array, "regions block"]

    def open(self) -> Array:
        """Which LPs of the block still have units to ship."""
        excess = jnp.concatenate([self.pool_excess[None], self.node_excess, self.region_excess])
        return jnp.any(excess > 0, axis=0)


class Labels(NamedTuple):
    """Least cost of bringing one more unit from each node to the sink; grid steps."""

    node: Float[Array, "nodes block"]
    region: Float[Array, "regions block"]
    pool: Float[Array, " block"]


class _Tree(NamedTuple):
    """The arc that each node's excess takes: the number of the next node, held in floating point.

    ``node``: a region, R for leftover, R + 1 for the pool. ``region``: a node, K for the sink. ``pool``: a node.
    """

    node: Array
    region: Array
    pool: Array


class _Carry(NamedTuple):
    """State of the main loop: the tree is found in one pass and used in the next."""

    flow: Flow
    labels: Labels
    tree: _Tree
    left: Array
    passes: Array


def _less(a: Array, b: Array) -> Array:
    """The smaller of two; unlike `jnp.minimum` one instruction, as NaN need not survive it."""
    return jnp.where(b < a, b, a)


def _least(values: Array, axis: int) -> Array:
    return lax.reduce(values, jnp.asarray(jnp.inf, values.dtype), _less, (axis,))


def _sum(values: Array, axis: int) -> Array:
    return lax.reduce(values, jnp.asarray(0, values.dtype), lambda a, b: a - (-b), (axis,))


def _numbers(count: int, like: Array) -> Array:
    """0 ... count - 1 as a column; in floating point, so that comparisons and selections have one width."""
    return jnp.arange(count, dtype=like.dtype)[:, None]


def next_segment(net: Network, served: Array) -> tuple[Array, Array]:
    """Value of each region's next unit (minus `NEVER` when all are served) and how many units have that value."""
    value = jnp.full_like(served, -NEVER)
    left = jnp.zeros_like(served)
    for m in reversed(range(net.filled.shape[1])):
        here = net.filled[:, m] > served
        value = jnp.where(here, net.segment_value[:, m], value)
        left = jnp.where(here, net.filled[:, m] - served, left)
    return value, left


def swept_labels(net: Network, flow: Flow, value: Array, undo: int, most: int) -> Labels:
    """Bellman-Ford from the sink; two sweeps between looks at whether anything changed.

    Args:
        value: of each region's next unit.
        undo: what undoing a unit of flow costs beyond what it saves, grid steps.
        most: pairs of sweeps at the most, and one.
    """
    back = jnp.where(flow.ship > 0, net.route_cost - undo, -NEVER)
    back_pool = jnp.where(flow.order > 0, net.order_cost - undo, -NEVER)
    out = jnp.where(flow.order < net.cap, net.order_cost, NEVER)

    def sweep(labels: Labels) -> Labels:
        node = _less(labels.node, _least(net.route_cost + labels.region[None], 1))
        node = _less(node, labels.pool[None] - back_pool)
        pool = _less(labels.pool, _least(out + node, 0))
        region = _less(labels.region, _least(node[:, None] - back, 0))
        return Labels(node, region, pool)

    def step(carry: tuple[Labels, Array, Array]) -> tuple[Labels, Array, Array]:
        labels, _, count = carry
        new = sweep(sweep(labels))
        fell = jnp.any(new.region < labels.region, axis=0) | (new.pool < labels.pool)
        return new, jnp.any(fell), count + 1

    start = Labels(net.overage_cost, -value, jnp.full_like(net.total, NEVER))
    going = lambda carry: carry[1] & (carry[2] <= most)
    return lax.while_loop(going, step, (start, jnp.bool_(True), jnp.int32(0)))[0]


def _parents(net: Network, flow: Flow, labels: Labels, value: Array) -> _Tree:
    """One tight arc per node; the lowest number where several are."""
    nodes, regions, _ = net.route_cost.shape
    k, r = _numbers(nodes, labels.node), _numbers(regions, labels.node)
    tight = net.route_cost + labels.region[None] == labels.node[:, None]
    node = _least(jnp.where(tight, r[None], regions + 1), 1)
    node = jnp.where(net.overage_cost == labels.node, regions, node)
    tight = (flow.ship > 0) & (labels.node[:, None] - (net.route_cost - 1) == labels.region[None])
    region = _least(jnp.where(tight, k[:, None], nodes), 0)
    region = jnp.where(-value == labels.region, nodes, region)
    tight = (flow.order < net.cap) & (net.order_cost + labels.node == labels.pool[None])
    return _Tree(node, region, _least(jnp.where(tight, k, nodes), 0))


def _push(net: Network, flow: Flow, tree: _Tree, left: Array) -> Flow:
    """Send excess along the tree, `_ROUNDS` times over; what an arc cannot take stays where it is."""
    nodes, regions, _ = net.route_cost.shape
    k, r = _numbers(nodes, left), _numbers(regions, left)
    # Masks are written out where they are used: as arrays of bytes they would be slower to read than to compute.
    forward = lambda node_out: jnp.where(tree.node[:, None] == r[None], node_out[:, None], 0)
    backward = lambda region_out: jnp.where(tree.region[None] == k[:, None], region_out[None], 0)
    from_pool = lambda pool_out: jnp.where(tree.pool[None] == k, pool_out[None], 0)
    to_pool = lambda node_out: jnp.where(tree.node == regions + 1, node_out, 0)

    ship_room = _sum(jnp.where(tree.region[None] == k[:, None], flow.ship, 0), 0)
    region_room = jnp.where(tree.region == nodes, left, ship_room)
    node_room = jnp.where(tree.node == regions + 1, flow.order, NEVER)
    pool_room = _sum(jnp.where(tree.pool[None] == k, net.cap - flow.order, 0), 0)

    def hand_on(_: Array | int, out: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        pool_out, node_out, region_out = out
        node_in = from_pool(pool_out) + _sum(backward(region_out), 1)
        return (
            _less(flow.pool_excess + _sum(to_pool(node_out), 0), pool_room),
            _less(flow.node_excess + node_in, node_room),
            _less(flow.region_excess + _sum(forward(node_out), 0), region_room),
        )

    excess = flow.pool_excess, flow.node_excess, flow.region_excess
    out = tuple(_less(units, room) for units, room in zip(excess, (pool_room, node_room, region_room), strict=True))
    pool_out, node_out, region_out = lax.fori_loop(0, _ROUNDS, hand_on, out)
    node_in = from_pool(pool_out) + _sum(backward(region_out), 1)
    return Flow(
        order=flow.order + from_pool(pool_out) - to_pool(node_out),
        ship=flow.ship + forward(node_out) - backward(region_out),
        served=flow.served + jnp.where(tree.region == nodes, region_out, 0),
        pool_excess=flow.pool_excess + _sum(to_pool(node_out), 0) - pool_out,
        node_excess=flow.node_excess + node_in - node_out,
        region_excess=flow.region_excess + _sum(forward(node_out), 0) - region_out,
    )


def least_cost_flow(net: Network, max_passes: int) -> tuple[Flow, Labels, Int32[Array, ""]]:
    """Optimal flow of every LP of the block, its labels, and the passes taken; excess is left where they ran out."""
    zero = jnp.zeros_like(net.filled[:, 0])
    start = Flow(
        order=jnp.zeros_like(net.cap),
        ship=jnp.zeros_like(net.route_cost),
        served=zero,
        pool_excess=net.total,
        node_excess=net.supply,
        region_excess=zero,
    )

    nodes, regions, _ = net.route_cost.shape
    closed = _Tree(  # every arc of this tree has no room, so the first pass pushes nothing
        node=jnp.full_like(net.cap, regions + 1),
        region=jnp.full_like(zero, nodes),
        pool=jnp.full_like(net.total, nodes),
    )
    unknown = Labels(net.overage_cost, zero, net.total)

    def step(carry: _Carry) -> _Carry:
        flow = _push(net, carry.flow, carry.tree, carry.left)
        value, left = next_segment(net, flow.served)
        labels = swept_labels(net, flow, value, undo=1, most=nodes + regions)
        return _Carry(flow, labels, _parents(net, flow, labels, value), left, carry.passes + 1)

    going = lambda carry: (carry.passes < 1) | (jnp.any(carry.flow.open()) & (carry.passes <= max_passes))
    end = lax.while_loop(going, step, _Carry(start, unknown, closed, zero, jnp.int32(0)))
    return end.flow, end.labels, end.passes - 1
