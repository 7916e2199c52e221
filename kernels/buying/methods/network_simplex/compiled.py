"""Network simplex for the buying LP: one scalar thread per LP, compiled by NVIDIA Warp for CPU and CUDA alike.

The algorithm is in `network_simplex.h`, what makes whole numbers of an LP in `buying_lp.h`, and what makes a certified
answer of a flow in `buying_lp_answer.h`, so that an LP goes from arrays to arrays within a core's first cache. With the
answer comes the optimal basis, a few bytes per LP. A solve that starts from the basis of a similar LP needs few pivots
or none; a basis that does not fit, or is invalid, costs pivots and no more.

On CUDA the LPs are the threads of a Warp kernel. On a CPU, Warp's own bridge to JAX would hold a lock during a launch,
so that threads wait for one another, and goes through Python on each call. So there a Warp kernel is launched once
only, to tell the address of the compiled function, which XLA then calls directly.
"""

import importlib.util
import linecache
import math
import os
import platform
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int8, Int32

from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods.network_simplex.signature import (
    ACTIVE,
    FOUND,
    GIVEN,
    INPUTS,
    OUTPUTS,
    REAL,
    Argument,
    arrays_in_cpp,
    axes,
    pointers_in_cpp,
)
from jaxsim.kernels.buying.problem import BuyingLP, Shape, Solution

MOST = 32, 64, 64
"""Most nodes, regions and segments: a basis numbers them in bytes, and costs of 32 bits leave room for such paths."""

Sizes = tuple[int, int, int, str]
"""Nodes, regions, segments, and the floating type."""

_LINE_BYTES = 64
_CACHE_BYTES = 1 << 18
_SIZE = {"float64": 8, "float32": 4}


def is_available(nodes: int, regions: int, segments: int) -> bool:
    """Whether Warp is installed and LPs of this shape can be held."""
    fits = all(size <= most for size, most in zip((nodes, regions, segments), MOST, strict=True))
    return fits and importlib.util.find_spec("warp") is not None


def basis_size(nodes: int, regions: int) -> int:
    """Bytes of one LP's basis: a parent for each node, region and the pool, then a bound for each node and region."""
    return 2 * (nodes + regions) + 1


def solve(
    problem: BuyingLP, basis: Int8[Array, "bytes block"], active: Bool[Array, " block"] | None, limits: Limits
) -> tuple[Solution, Int8[Array, "bytes block"], Int32[Array, " block"]]:
    """Certified optima of the active LPs, their bases, and the pivots that each took.

    A basis of zeros is none. An inactive LP keeps its basis; the rest of it is 0.
    """
    (count,), dtype = problem.batch, problem.route_cost.dtype
    sizes = problem.shape._asdict() | {"bytes": len(basis)}
    kind_of = lambda argument: dtype if argument.kind == REAL else jnp.dtype(argument.kind)
    outputs = [jax.ShapeDtypeStruct((*axes(each, sizes), count), kind_of(each)) for each in OUTPUTS]
    all_active = jnp.ones(1, bool) if active is None else active
    options = [jnp.asarray(getattr(limits, each.name), kind_of(each)).reshape(1) for each in INPUTS[-len(limits) :]]
    call = _cpu_call if jax.default_backend() == "cpu" else _cuda_call
    nodes, regions, segments = problem.shape
    found = call((nodes, regions, segments, dtype.name), (*problem, basis, all_active, *options), outputs)
    named = {each.name: array for each, array in zip(OUTPUTS, found, strict=True)}
    return Solution(*(named[name] for name in Solution._fields)), named["basis"], named["pivots"]


def _source(nodes: int, regions: int, segments: int, dtype: str, lanes: int, block: int) -> str:
    """The code for LPs of one shape, ``lanes`` of ``block`` side by side, to be pasted into a function."""
    real, whole = {"float64": ("double", "long long"), "float32": ("float", "int")}[dtype]
    sizes = f"constexpr int K = {nodes}, R = {regions}, M = {segments}, L = {lanes}, B = {block};\n"
    width = "" if lanes == 1 else f" __attribute__((vector_size({lanes} * sizeof(Real))))"
    types = f"typedef {real} Real;\ntypedef {whole} Int;\ntypedef Real Row{width};\n"
    parts = _text("network_simplex.h"), arrays_in_cpp(), _text("buying_lp.h"), _text("buying_lp_answer.h")
    return sizes + types + "".join(parts)


def _lanes(nodes: int, regions: int, segments: int, dtype: str) -> int:
    """LPs that a CPU takes side by side: a cache line of each row, fewer where their numbers would leave the cache."""
    numbers = 3 * nodes * regions + 6 * regions * segments + 12 * nodes
    return _LINE_BYTES // _SIZE[dtype] if numbers * _LINE_BYTES <= _CACHE_BYTES else 1


def _block(nodes: int, regions: int, segments: int, dtype: str) -> tuple[int, int]:
    """LPs that a CPU copies at a time, as many as stay in its cache, and the numbers of the workspace for one."""
    basis = basis_size(nodes, regions)
    sizes = Shape(nodes, regions, segments)._asdict() | {"bytes": basis}
    numbers = sum(math.prod(axes(each, sizes)) for each in (*GIVEN, *FOUND)) + -(-basis // _SIZE[dtype])
    lanes = _lanes(nodes, regions, segments, dtype)
    return max(_CACHE_BYTES // (numbers * _SIZE[dtype]) // lanes, 1) * lanes, numbers


def _compiler_flags() -> str:
    """For this machine; on x86 without gathering loads, which take longer than the loads that they replace."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return "-march=native" + (" -target-feature +prefer-no-gather" if x86 else "")


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


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


def _cpu_call(shape: Sizes, inputs: Sequence[Array], outputs: Sequence[jax.ShapeDtypeStruct]) -> Sequence[Array]:
    with _COMPILING:
        target = _cpu_target(*shape)
    block, numbers = _block(*shape)
    workspace = jax.ShapeDtypeStruct((numbers * min(block, inputs[0].shape[-1]),), shape[3])
    return jax.ffi.ffi_call(target, [*outputs, workspace])(*inputs)[:-1]


def _cuda_call(shape: Sizes, inputs: Sequence[Array], outputs: Sequence[jax.ShapeDtypeStruct]) -> Sequence[Array]:
    """One thread per LP; also runs on a CPU, through Warp's bridge.

    The active LPs come first, so that 32 threads that go in step all have work or none.
    """
    active = inputs[INPUTS.index(ACTIVE)]
    place = jnp.argsort(~active, stable=True).astype(jnp.int32)
    shapes = {argument.name: output.shape for argument, output in zip(OUTPUTS, outputs, strict=True)}
    with _COMPILING:
        kernel = _cuda_kernel(*shape)
    return kernel(*inputs, place, launch_dims=inputs[0].shape[-1:], output_dims=shapes)


@cache
def _cpu_target(nodes: int, regions: int, segments: int, dtype: str) -> str:
    """Name under which XLA knows the compiled function."""
    wp = _warp()

    types = {"address": wp.array(dtype=wp.int64)}
    shape = nodes, regions, segments, dtype
    snippet = _source(*shape, _lanes(*shape), _block(*shape)[0]) + _text("network_simplex_call.h")
    tell = wp.func_native(snippet)(_function("tell", types, "..."))
    options = {"cpu_compiler_flags": _compiler_flags()}
    kernel = wp.kernel(enable_backward=False, module="unique", module_options=options)(
        _function("tell_address", types, "tell(address)", tell=tell)
    )
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
    return wp.jax_kernel(_threads(nodes, regions, segments, dtype), num_outputs=len(OUTPUTS))


def _threads(nodes: int, regions: int, segments: int, dtype: str) -> Any:
    """The Warp kernel of which each thread solves one LP."""
    wp = _warp()

    kind_of = lambda argument: getattr(wp, dtype if argument.kind == REAL else argument.kind)
    arguments = *INPUTS, Argument("place", "int32"), *OUTPUTS
    types = {each.name: wp.array(dtype=kind_of(each), ndim=len(each.axes) + 1) for each in arguments}
    source = _source(nodes, regions, segments, dtype, 1, 1) + pointers_in_cpp() + _text("network_simplex_thread.h")
    stub = _function("solve_one", types | {"thread": wp.int32}, "...")
    solve_one = wp.func_native(_four_at_a_time(source))(stub)
    body = f"solve_one({', '.join(types)}, wp.tid())"
    return wp.kernel(enable_backward=False, module="unique")(
        _function("solve_each", types, body, solve_one=solve_one, wp=wp)
    )


def _four_at_a_time(source: str) -> str:
    """Counted loops with four rounds unrolled, for CUDA: its compiler would unroll them whole.

    For (8, 8, 4) that takes 17 s instead of 6, and 255 registers, so that 8 warps share a multiprocessor instead of 32.
    """
    return re.sub(r"^(?= *for \(int \w+ = [^;]*; \w+ <)", "#pragma unroll 4\n", source, flags=re.MULTILINE)


def _function(name: str, types: dict[str, Any], body: str, **known: Any) -> Callable[..., None]:
    """A function for Warp to compile, with types of its arguments. Warp reads its text from `linecache`."""
    text, file = f"def {name}({', '.join(types)}):\n    {body}\n", f"<{name} of {__name__}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    scope: dict[str, Any] = {"__name__": __name__} | known
    exec(compile(text, file, "exec"), scope)
    scope[name].__annotations__ = types
    return scope[name]


_COMPILING = threading.Lock()
"""Two threads that compiled the same kernel would leave one of them with machine code that is gone."""

_KEPT: list[Any] = []
"""Kernels whose machine code XLA calls: it goes when they go."""
