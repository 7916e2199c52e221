"""The network simplex beside shortest paths and HiGHS; its bases good, stale and invalid; its calls from everywhere."""

import inspect
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.kernels import buying
from jaxsim.kernels.buying import BuyingLP, Status, no_start, solve, solve_from
from jaxsim.kernels.buying.blocks import prepare
from jaxsim.kernels.buying.certificate import Point, Prices
from jaxsim.kernels.buying.methods.network_simplex import compiled
from tests.kernels.random_lps import KINDS, random_lps
from validation.adversarial_lps import FAMILIES, adversarial_lps
from validation.reference_lp import HighsBuyingLP

pytest.importorskip("warp")

SHAPES = ((1, 1, 1), (6, 1, 4), (3, 2, 6), (8, 8, 4), (7, 20, 4), (32, 40, 3))
simplex = partial(solve_from, method=buying.NETWORK_SIMPLEX)
shortest_paths = partial(solve, method=buying.SHORTEST_PATHS)


def as_lp(fields: dict[str, np.ndarray], dtype: type[np.floating] = np.float64) -> BuyingLP:
    return BuyingLP(**{name: jnp.asarray(array, dtype) for name, array in fields.items()})


def joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def every_kind(shape: tuple[int, int, int], each: int, seed: int) -> BuyingLP:
    parts = [random_lps(shape, each, kind, seed + i) for i, kind in enumerate(KINDS)]
    return as_lp(joined(parts + [adversarial_lps(family, shape, each, seed) for family in FAMILIES]))


def magnitude(lp: BuyingLP, answer) -> np.ndarray:
    """Sum of the absolute terms of the objective."""
    route = jnp.where(jnp.isfinite(lp.route_cost), lp.route_cost, 0)
    size = (
        (jnp.abs(lp.order_cost) * answer.order).sum(0)
        + (jnp.abs(route) * answer.ship).sum((0, 1))
        + (jnp.abs(lp.overage_cost) * answer.leftover).sum(0)
        + (jnp.abs(lp.segment_value) * answer.served).sum((0, 1))
    )
    return np.where(size > 0, size, 1)


def same_optimum(lp: BuyingLP, one, other) -> None:
    """Certified alike, and at the same objective."""
    np.testing.assert_array_equal(one.status, other.status)
    difference = np.abs(one.objective - other.objective) / magnitude(lp, other)
    assert difference.max() <= 1e-9
    fine = np.asarray(one.status) == Status.OPTIMAL
    assert np.asarray(one.gap)[fine].max() <= 1e-8
    np.testing.assert_allclose(one.order.sum(0)[fine], lp.order_total[fine], rtol=1e-14)


def moved(lp: BuyingLP, rng: np.random.Generator) -> BuyingLP:
    """Costs, supplies, caps and widths all changed a little, some of them to nothing."""
    near = lambda a: a * (1 + 0.02 * rng.uniform(-1, 1, a.shape))
    some = lambda a: near(a) * np.where(rng.random(a.shape) < 0.9, 1.0, 0.0)
    cap = some(lp.order_cap)
    return lp._replace(
        order_cost=near(lp.order_cost),
        order_cap=cap,
        order_total=jnp.minimum(near(lp.order_total), cap.sum(0)),
        supply=some(lp.supply),
        route_cost=jnp.where(jnp.asarray(rng.random(lp.route_cost.shape) < 0.05), jnp.inf, near(lp.route_cost)),
        segment_width=some(lp.segment_width),
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_agrees_with_shortest_paths(shape):
    lp = every_kind(shape, 8, sum(shape))
    answer, _ = simplex(lp, no_start(lp))
    reference = shortest_paths(lp)
    same_optimum(lp, answer, reference)
    perturbed = np.repeat(KINDS, 8) != "ties"  # there the optimum is unique
    units = np.maximum(lp.supply.sum(0) + lp.order_total, 1e-300)
    fine = np.flatnonzero(perturbed & (np.asarray(answer.status)[: perturbed.size] == Status.OPTIMAL))
    assert (np.abs(answer.order - reference.order)[:, fine] / units[fine]).max() <= 1e-9


def test_agrees_with_highs():
    shape = (5, 6, 3)
    lp = every_kind(shape, 8, 4)
    answer, _ = simplex(lp, no_start(lp))
    highs = HighsBuyingLP(*shape)
    size = magnitude(lp, answer)
    families = [kind for kind in (*KINDS, *FAMILIES) for _ in range(8)]
    for i, family in enumerate(families):
        if answer.status[i] != Status.OPTIMAL or "span" in family or "scale" in family or "limit" in family:
            continue  # HiGHS has absolute tolerances; shortest paths is the reference there
        exact = highs.solve({name: np.asarray(array[..., i]) for name, array in lp._asdict().items()})
        assert abs(answer.objective[i] - exact.objective) <= 1e-9 * size[i], family


def test_start_changes_no_answer():
    """From the basis of a neighbor, of an unrelated LP, and from random bytes: the answers of a cold solve."""
    rng = np.random.default_rng(3)
    lp = every_kind((5, 6, 3), 8, 9)
    near = moved(lp, rng)
    basis = simplex(lp, no_start(lp))[1]
    cold = shortest_paths(near)
    same_optimum(near, simplex(near, basis)[0], cold)
    same_optimum(near, simplex(near, basis[:, ::-1])[0], cold)
    for high in (2, 13, 128):
        garbage = jnp.asarray(rng.integers(-high if high > 100 else 0, high, basis.shape), jnp.int8)
        same_optimum(near, simplex(near, garbage)[0], cold)


def test_own_basis_takes_no_pivots():
    lp = every_kind((5, 6, 3), 8, 1)
    basis = simplex(lp, no_start(lp))[1]
    fine = np.asarray(shortest_paths(lp).status) == Status.OPTIMAL
    again, after = simplex(lp, basis, max_iterations=0)
    assert (np.asarray(again.status)[fine] == Status.OPTIMAL).all()
    np.testing.assert_array_equal(after[:, fine], basis[:, fine])


def test_float32():
    single = as_lp(joined([random_lps((8, 8, 4), 19, kind, 5) for kind in KINDS]), np.float32)
    kinds = np.repeat(KINDS, 19)
    answer, basis = simplex(single, no_start(single))
    assert answer.order.dtype == jnp.float32
    reference = shortest_paths(single)
    np.testing.assert_array_equal(answer.status == Status.INFEASIBLE, kinds == "infeasible")
    off = np.abs(answer.objective - reference.objective) / magnitude(single, reference)
    for kind in set(KINDS) - {"infeasible"}:
        assert (np.asarray(answer.status)[kinds == kind] == Status.OPTIMAL).mean() >= 0.9, kind
        assert off[kinds == kind].max() <= 2e-5, kind
    assert (simplex(single, basis, max_iterations=0)[0].status != Status.ITERATION_LIMIT).all()


def test_limits_and_statuses():
    lp = as_lp(random_lps((4, 4, 4), 42, "ordinary", 5))
    lp = lp._replace(supply=lp.supply.at[0, 3].set(-1.0), order_total=lp.order_total.at[4].set(1e9))
    statuses = simplex(lp, no_start(lp))[0].status
    assert statuses[3] == Status.BAD_INPUT
    assert statuses[4] == Status.INFEASIBLE
    assert (np.delete(statuses, [3, 4]) == Status.OPTIMAL).all()
    assert (simplex(lp, no_start(lp), max_iterations=1)[0].status == Status.ITERATION_LIMIT).any()


def test_only_active_lps_are_solved():
    lp = as_lp(random_lps((4, 4, 4), 40, "ordinary", 6))
    whole, basis = simplex(lp, no_start(lp))
    start = basis[:, ::-1]
    for active in (np.arange(40) < 21, np.arange(40) % 3 == 1, np.zeros(40, bool)):
        part, after = simplex(lp, start, active=active)
        for name, found, all_found in zip(part._fields, part, whole, strict=True):
            if name in ("ship", "order", "objective", "status"):
                np.testing.assert_array_equal(found[..., active], all_found[..., active], name)
            assert not np.asarray(found[..., ~active]).any(), name
        np.testing.assert_array_equal(after[:, active], basis[:, active])
        np.testing.assert_array_equal(after[:, ~active], start[:, ~active])


def test_batch_axes_and_shared_values():
    fields = random_lps((4, 4, 4), 42, "ordinary", 2)
    fields["segment_value"] = fields["segment_value"][:1]
    lp = as_lp(fields)
    whole, basis = simplex(lp, no_start(lp))
    same_optimum(lp, whole, shortest_paths(lp))
    square = as_lp({name: a.reshape(*a.shape[:-1], 6, 7) for name, a in fields.items()})
    answer, square_basis = simplex(square, no_start(square))
    np.testing.assert_array_equal(answer.ship.reshape(4, 4, 42), whole.ship)
    np.testing.assert_array_equal(square_basis.reshape(-1, 42), basis)
    one = as_lp({name: a[..., 3] for name, a in fields.items()})
    np.testing.assert_array_equal(simplex(one, no_start(one))[0].order, whole.order[:, 3])


def test_inside_control_flow():
    lp = as_lp(random_lps((3, 3, 2), 6, "ordinary", 1))

    @jax.jit
    def run(lp):
        def day(carry, change):
            lp, basis = carry
            lp = lp._replace(order_cost=lp.order_cost * change)
            skip = lambda: (jnp.zeros_like(lp.supply), basis)

            def order():
                answer, after = simplex(lp, basis)
                return answer.order, after

            order, basis = jax.lax.cond(jnp.any(lp.order_total > 0), order, skip)
            return (lp, basis), order

        changes = jnp.asarray([1.0, 1.01, 0.98])
        scanned = jax.lax.scan(day, (lp, no_start(lp)), changes)[1]
        looped = jax.lax.fori_loop(0, 2, lambda _, basis: simplex(lp, basis)[1], no_start(lp))
        return scanned, simplex(lp, looped)[0].order

    orders, looped = run(lp)
    for change, order in zip((1.0, 1.01, 1.01 * 0.98), orders, strict=True):
        answer = shortest_paths(lp._replace(order_cost=lp.order_cost * change))
        np.testing.assert_allclose(order, answer.order, rtol=1e-9, atol=1e-9 * float(lp.order_total.max()))
    np.testing.assert_array_equal(looped, orders[0])


def test_threads_at_once():
    lps = [as_lp(random_lps((8, 8, 4), 300, kind, 7)) for kind in KINDS[:4]]
    run = jax.jit(lambda lp: simplex(lp, no_start(lp))[0].ship)
    alone = [np.asarray(run(lp)) for lp in lps]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            together = list(pool.map(lambda lp: np.asarray(run(lp)), lps))
            for one, other in zip(alone, together, strict=True):
                np.testing.assert_array_equal(one, other)


def test_threads_compile_a_shape_once():
    """A shape that no other test has, traced in two threads at a time for batches of different sizes."""
    lp = as_lp(random_lps((2, 3, 5), 8, "ordinary", 8))
    lps = [jax.tree.map(lambda a, size=size: a[..., :size], lp) for size in (5, 8)]
    kept = len(compiled._KEPT)
    with ThreadPoolExecutor(2) as pool:
        part, whole = pool.map(lambda lp: simplex(lp, no_start(lp))[0], lps)
    assert len(compiled._KEPT) == kept + 1
    np.testing.assert_array_equal(part.ship, whole.ship[..., :5])
    same_optimum(lp, whole, shortest_paths(lp))


@pytest.mark.filterwarnings("ignore")
def test_threads_of_the_accelerator_on_a_cpu(monkeypatch):
    """The kernel of one thread per LP is the same source; Warp also runs it on a CPU."""
    lp = as_lp(random_lps((4, 4, 4), 42, "ordinary", 3))
    direct, basis = simplex(lp, no_start(lp))
    monkeypatch.setattr(compiled, "_cpu_call", compiled._cuda_call)
    plain, start = jax.jit(partial(inspect.unwrap(solve_from), method=buying.NETWORK_SIMPLEX)), basis[:, ::-1]
    for active in (jnp.arange(42) % 20 != 5, jnp.arange(42) % 7 == 3):
        answer, after = plain(lp, start, active=active)
        for name in ("order", "ship", "status"):
            np.testing.assert_array_equal(getattr(answer, name)[..., active], getattr(direct, name)[..., active])
        assert not any(np.asarray(field[..., ~active]).any() for field in answer)
        np.testing.assert_array_equal(after, jnp.where(active, basis, start))
    np.testing.assert_array_equal(plain(lp, start)[1], basis)


def test_threads_compile_for_cuda(tmp_path):
    """Without a GPU: for the H100, to the assembler's language."""
    wp = compiled._warp()
    if 90 not in wp.get_cuda_supported_archs():
        pytest.skip("this Warp has no compiler for CUDA")
    for dtype in ("float64", "float32"):
        threads = compiled._threads(4, 4, 4, dtype)
        (assembly,) = wp.compile_aot_module(threads.module, arch=90, use_ptx=True, module_dir=tmp_path / dtype)
        assert ".entry" in assembly.read_text("utf-8")


@pytest.mark.parametrize("shape", [(4, 3, 4, "float64", 8, 16), (3, 2, 1, "float32", 1, 5)])
def test_no_byte_outside_the_arrays(shape, tmp_path):
    """The handler among arrays that a sanitizer guards, for blocks of few LPs."""
    compiler, calls = shutil.which("c++"), Path(__file__).with_name("compiled_calls.cpp")
    if not compiler:
        pytest.skip("no C++ compiler")
    handler = compiled._text("network_simplex_call.h").partition("address.data")[0]
    (tmp_path / "source.h").write_text(compiled._source(*shape) + handler, "utf-8")
    flags = ["-w", "-std=c++17", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{tmp_path}"]
    program = tmp_path / "calls"
    built = subprocess.run([compiler, *flags, calls, "-o", program], capture_output=True, text=True)
    if built.returncode and ("sanitize" in built.stderr or "asan" in built.stderr):
        pytest.skip("the C++ compiler has no sanitizers")
    assert built.returncode == 0, built.stderr
    ran = subprocess.run([program], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 100


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_compiled_certificate_is_that_of_the_returned_point(dtype):
    """Of optima and of flows far from optimal, which few pivots leave, as the certificate in JAX sees them."""
    lp = jax.tree.map(lambda a: a.astype(dtype), every_kind((5, 6, 3), 8, 2))
    lps, certify = prepare(lp, None, 1e-8 if dtype == np.float64 else 2e-5)
    rounding = 64 * np.finfo(dtype).eps
    for pivots in (0, 2, 6, 1000):
        answer = simplex(lp, no_start(lp), max_iterations=pivots)[0]
        prices = Prices(answer.supply_price, answer.demand_price, answer.order_price)
        again = certify(Point(*answer[:4]), prices, answer.status == Status.ITERATION_LIMIT)
        size = magnitude(lps, answer)
        np.testing.assert_allclose(answer.objective / size, again.objective / size, rtol=0, atol=rounding)
        np.testing.assert_allclose(answer.gap, again.gap, rtol=1e3 * rounding, atol=rounding)
        np.testing.assert_allclose(answer.primal_residual, again.primal_residual, rtol=0, atol=rounding)
        np.testing.assert_allclose(answer.dual_residual, again.dual_residual, rtol=0, atol=rounding)
        np.testing.assert_array_equal(answer.status, again.status)
        wrong = (np.asarray(answer.status) == Status.ITERATION_LIMIT).mean()
        assert wrong == 0 if pivots == 1000 else wrong > 0.1
        assert pivots > 2 or np.median(answer.gap) > 1e-2


def test_method_is_chosen_in_one_place(monkeypatch):
    shape = buying.Shape(8, 8, 4)
    assert buying.default_method(shape) == buying.NETWORK_SIMPLEX
    assert buying.default_method(shape._replace(nodes=33)) == buying.SHORTEST_PATHS
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert buying.default_method(shape) == buying.SHORTEST_PATHS
    lp = as_lp(random_lps((2, 2, 2), 3, "ordinary", 3))
    with pytest.raises(ValueError, match="warp"):
        solve(lp, method=buying.NETWORK_SIMPLEX, tolerance=1e-7)
