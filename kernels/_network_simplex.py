"""Network simplex for the buying LP: one scalar thread per LP, compiled by NVIDIA Warp for CPU and CUDA alike.

The algorithm is in `network_simplex.h`. It replaces `jaxsim.kernels._flow.least_cost_flow`: the same network in, the
same optimal flow and labels out, and with them the optimal basis, a few bytes per LP. A solve that starts from the
basis of a similar LP needs few pivots or none; a basis that does not fit, or means nothing, costs pivots and no more.

On CUDA the LPs are the threads of a Warp kernel. On a CPU, Warp's own bridge to JAX would hold a lock during a launch,
so that threads wait for one another, and goes through Python on each call. So there a Warp kernel is launched once
only, to tell the address of the compiled function, which XLA then calls directly.
"""

import importlib.util
import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxsim.kernels._flow import Flow, Labels, Network
from jaxtyping import Int8, Int32

MOST = 32, 64, 64
"""Most nodes, regions and segments: a basis numbers them in bytes, and costs of 32 bits leave room for such paths."""

Shape = tuple[int, int, int, str]


def is_available(nodes: int, regions: int, segments: int) -> bool:
    """Whether Warp is installed and LPs of this shape can be held."""
    fits = all(size <= most for size, most in zip((nodes, regions, segments), MOST, strict=True))
    return fits and importlib.util.find_spec("warp") is not None


def basis_size(nodes: int, regions: int) -> int:
    """Bytes of one LP's basis: a parent for each node, region and the pool, then a bound for each node and region."""
    return 2 * (nodes + regions) + 1


def least_cost_flow(
    net: Network, basis: Int8[Array, "bytes block"], max_pivots: int, active: Int32[Array, ""] | int
) -> tuple[Flow, Labels, Int8[Array, "bytes block"], Int32[Array, "block"]]:
    """Optimal flow of the first ``active`` LPs of the block, its labels, its basis and the pivots it took.

    A basis of zeros is none. ``pool_excess`` is above 0 where ``max_pivots`` ran out; the rest of an inactive LP is 0.
    """
    nodes, regions, count = net.route_cost.shape
    real = lambda *axes: jax.ShapeDtypeStruct((*axes, count), net.route_cost.dtype)
    outputs = {
        "order": real(nodes), "ship": real(nodes, regions), "served": real(regions), "left": real(),
        "node_price": real(nodes), "region_price": real(regions), "pool_price": real(),
        "basis": jax.ShapeDtypeStruct(basis.shape, jnp.int8), "pivots": jax.ShapeDtypeStruct((count,), jnp.int32),
    }  # fmt: skip
    inputs = *net, basis, jnp.full(1, max_pivots, jnp.int32), jnp.asarray(active, jnp.int32).reshape(1)
    shape = nodes, regions, net.filled.shape[1], net.route_cost.dtype.name
    call = _cpu_call if jax.default_backend() == "cpu" else _cuda_call
    order, ship, served, left, node, region, pool, basis, pivots = call(shape, inputs, outputs)
    flow = Flow(order, ship, served, left, jnp.zeros_like(node), jnp.zeros_like(region))
    return flow, Labels(node, region, pool), basis, pivots


def _source(nodes: int, regions: int, segments: int, dtype: str) -> str:
    """The algorithm for LPs of one shape, to be pasted into a function."""
    real, whole = {"float64": ("double", "long long"), "float32": ("float", "int")}[dtype]
    sizes = f"constexpr int K = {nodes}, R = {regions}, M = {segments};\n"
    types = f"typedef {real} Real;\ntypedef {whole} Int;\n"
    return sizes + types + Path(__file__).with_name("network_simplex.h").read_text()


@cache
def _warp() -> ModuleType:
    """Warp, when it is needed; told not to announce itself and its compilations on the standard output."""
    import warp

    if warp.config.log_level == warp.LOG_INFO:
        warp.config.log_level = warp.LOG_WARNING
    with _no_remarks() if jax.default_backend() == "cpu" else nullcontext():
        warp.init()
    return warp


@contextmanager
def _no_remarks() -> Iterator[None]:
    """Nothing is written to the error stream: native code remarks there that there is no CUDA driver."""
    stream, kept = 2, os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream)
    try:
        yield
    finally:
        os.dup2(kept, stream)
        os.close(kept)


def _cpu_call(shape: Shape, inputs: Sequence[Array], outputs: dict[str, jax.ShapeDtypeStruct]) -> Sequence[Array]:
    return jax.ffi.ffi_call(_cpu_target(*shape), list(outputs.values()))(*inputs)


def _cuda_call(shape: Shape, inputs: Sequence[Array], outputs: dict[str, jax.ShapeDtypeStruct]) -> Sequence[Array]:
    """One thread per LP; also runs on a CPU, through Warp's bridge."""
    sizes = {name: output.shape for name, output in outputs.items()}
    return _cuda_kernel(*shape)(*inputs, launch_dims=outputs["pivots"].shape, output_dims=sizes)


@cache
def _cpu_target(nodes: int, regions: int, segments: int, dtype: str) -> str:
    """Name under which XLA knows the compiled function."""
    wp = _warp()

    def tell(address): ...

    def tell_address(address):
        tell(address)

    call = Path(__file__).with_name("network_simplex_call.h").read_text()
    types = {"address": wp.array(dtype=wp.int64)}
    tell = wp.func_native(_source(nodes, regions, segments, dtype) + call)(_annotated(tell, types))
    kernel = wp.kernel(enable_backward=False, module="unique")(_annotated(tell_address, types))
    address = wp.zeros(1, dtype=wp.int64, device="cpu")
    wp.launch(kernel, 1, outputs=[address], device="cpu")
    _KEPT.append(kernel)
    name = f"buying_lp_network_simplex_{nodes}_{regions}_{segments}_{dtype}"
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(int(address.numpy()[0])), platform="cpu")
    return name


@cache
def _cuda_kernel(nodes: int, regions: int, segments: int, dtype: str) -> Callable[..., Sequence[Array]]:
    """A function of JAX arrays that launches one thread per LP."""
    wp = _warp()
    return wp.jax_kernel(_threads(nodes, regions, segments, dtype), num_outputs=9)


def _threads(nodes: int, regions: int, segments: int, dtype: str) -> Any:
    """The Warp kernel of which each thread solves one LP."""
    wp = _warp()

    def solve_one(
        order_cost, cap, total, supply, route_cost, overage_cost, segment_value, filled, start, max_pivots, active,
        order, ship, served, left, node_price, region_price, pool_price, basis, pivots, lp,
    ): ...  # fmt: skip

    def solve_each(
        order_cost, cap, total, supply, route_cost, overage_cost, segment_value, filled, start, max_pivots, active,
        order, ship, served, left, node_price, region_price, pool_price, basis, pivots,
    ):  # fmt: skip
        solve_one(
            order_cost, cap, total, supply, route_cost, overage_cost, segment_value, filled, start, max_pivots, active,
            order, ship, served, left, node_price, region_price, pool_price, basis, pivots, wp.tid(),
        )  # fmt: skip

    thread = Path(__file__).with_name("network_simplex_thread.h").read_text()
    real = {axes: wp.array(dtype=getattr(wp, dtype), ndim=axes) for axes in (1, 2, 3)}
    names = inspect.getfullargspec(inspect.unwrap(solve_each)).args
    axes = (2, 2, 1, 2, 3, 2, 3, 3, 0, 0, 0, 2, 3, 2, 1, 2, 2, 1)
    types = {name: real[n] for name, n in zip(names, axes, strict=False) if n}
    types |= {name: wp.array(dtype=wp.int8, ndim=2) for name in ("start", "basis")}
    types |= {name: wp.array(dtype=wp.int32) for name in ("max_pivots", "active", "pivots")}
    types = {name: types[name] for name in names}
    snippet = _source(nodes, regions, segments, dtype) + thread
    solve_one = wp.func_native(snippet)(_annotated(solve_one, types | {"lp": wp.int32}))
    return wp.kernel(enable_backward=False, module="unique")(_annotated(solve_each, types))


def _annotated(function: Callable[..., None], types: dict[str, Any]) -> Callable[..., None]:
    """The function with Warp's types of its arguments: written in its head, run-time type checkers would read them."""
    function = inspect.unwrap(function)
    function.__annotations__ = types
    return function


_KEPT: list[Any] = []
"""Kernels whose machine code XLA calls: it goes when they go."""
