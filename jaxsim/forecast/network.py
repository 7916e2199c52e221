"""The recurrent network: embeddings and inputs through cells to the raw numbers of a likelihood.

A cell has two parts: what inputs add to its gates, which is computed for all periods of a window at once, and what the
carried state does, which goes from period to period.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PRNGKeyArray

State = list[Float[Array, "batch carried"]]
"""What each layer's cell carries: its output, and of an LSTM its memory after it."""


class Cell(eqx.Module):
    """Gated recurrent unit, or long short-term memory."""

    inputs: eqx.nn.Linear
    carried: eqx.nn.Linear
    width: int = eqx.field(static=True)
    kind: str = eqx.field(static=True)

    def __init__(self, kind: str, size: int, width: int, key: PRNGKeyArray) -> None:
        """Random weights.

        Args:
            kind: gru or lstm. size: numbers of an input. width: of the output.

        Raises:
            ValueError: another kind.
        """
        if kind not in ("gru", "lstm"):
            raise ValueError(f"a cell is gru or lstm, not {kind!r}")
        gates, (first, second) = {"gru": 3, "lstm": 4}[kind] * width, jax.random.split(key)
        self.inputs = eqx.nn.Linear(size, gates, key=first, dtype=jnp.float32)
        self.carried = eqx.nn.Linear(width, gates, key=second, dtype=jnp.float32)
        self.width, self.kind = width, kind

    def start(self, batch: int) -> Float[Array, "batch carried"]:
        """What is carried before the first period."""
        return jnp.zeros((batch, self.width * (1 if self.kind == "gru" else 2)), jnp.float32)

    def step(
        self, carried: Float[Array, "batch carried"], gates: Float[Array, "batch gates"]
    ) -> Float[Array, "batch carried"]:
        """What is carried after a period.

        Args:
            gates: what the period's inputs add, `linear(self.inputs, …)`.
        """
        output = carried[:, : self.width]
        own = linear(self.carried, output)
        if self.kind == "gru":
            (reset, update, new), (by_reset, by_update, by_new) = (jnp.split(a, 3, axis=-1) for a in (gates, own))
            new = jnp.tanh(new + jax.nn.sigmoid(reset + by_reset) * by_new)
            return new + jax.nn.sigmoid(update + by_update) * (output - new)
        enter, forget, new, leave = jnp.split(gates + own, 4, axis=-1)
        memory = jax.nn.sigmoid(forget + 1.0) * carried[:, self.width :] + jax.nn.sigmoid(enter) * jnp.tanh(new)
        return jnp.concatenate([jax.nn.sigmoid(leave) * jnp.tanh(memory), memory], -1)


def local_scale(
    raw: Float[Array, "*batch levels"], seen: Float[Array, "*batch looks"], scale: Float[Array, "*#batch"]
) -> Float[Array, "*batch"]:
    """Scale of a period: a mean of what looks back see and of the window's scale, with weights of the network's own.

    Args:
        raw: log weights. seen: in scales, NaN where nothing was known. scale: units.
    """
    known = jnp.isfinite(seen)
    level = jnp.concatenate([jnp.where(known, jnp.abs(seen), 0.0), jnp.ones_like(seen[..., :1])], -1)
    allowed = jnp.concatenate([known, jnp.ones_like(known[..., :1])], -1)
    weight = jax.nn.softmax(jnp.where(allowed, raw, -jnp.inf), -1)
    return scale * jnp.maximum((weight * level).sum(-1), 1e-2)


def linear(layer: eqx.nn.Linear, flow: Float[Array, "*batch size"]) -> Float[Array, "*batch out"]:
    """A linear layer over the last axis."""
    assert layer.bias is not None
    return flow @ layer.weight.T + layer.bias


class Network(eqx.Module):
    """Layers of recurrent cells, and a linear head on the outputs of all of them."""

    products: Float[Array, "names embedding"]
    regions: Float[Array, "names embedding"]
    cells: list[Cell]
    head: eqx.nn.Linear
    dropout: float = eqx.field(static=True)

    def __init__(
        self,
        features: int,
        names: tuple[int, int],
        numbers: int,
        key: PRNGKeyArray,
        *,
        cell: str = "gru",
        width: int = 40,
        layers: int = 2,
        embedding: int = 8,
        dropout: float = 0.1,
    ) -> None:
        """Random weights.

        Args:
            features: numbers of a period. names: how many products and regions there are.
            numbers: that the likelihood is told by.
            dropout: part of the outputs of a layer that training leaves out.
        """
        keys = jax.random.split(key, layers + 3)
        draw = lambda key, count: 0.1 * jax.random.normal(key, (count, embedding), jnp.float32)
        self.products, self.regions = draw(keys[0], names[0]), draw(keys[1], names[1])
        sizes = [features + 2 * embedding, *(width for _ in range(layers - 1))]
        self.cells = [Cell(cell, size, width, each) for size, each in zip(sizes, keys[3:], strict=True)]
        self.head = eqx.nn.Linear(width * layers, numbers, key=keys[2], dtype=jnp.float32)
        self.dropout = dropout

    def named(self, product: Int[Array, " batch"], region: Int[Array, " batch"]) -> Float[Array, "batch embedding"]:
        """Embeddings of the series."""
        return jnp.concatenate([self.products[product], self.regions[region]], -1)

    def step(
        self, state: State, features: Float[Array, "batch features"], named: Float[Array, "batch embedding"]
    ) -> tuple[State, Float[Array, "batch numbers"]]:
        """One period: what cells carry after it, and the raw numbers of its likelihood."""
        flow, after = jnp.concatenate([features, named], -1), []
        for cell, carried in zip(self.cells, state, strict=True):
            after.append(cell.step(carried, linear(cell.inputs, flow)))
            flow = after[-1][:, : cell.width]
        outputs = [carried[:, : cell.width] for cell, carried in zip(self.cells, after, strict=True)]
        return after, linear(self.head, jnp.concatenate(outputs, -1))

    def run(
        self,
        features: Float[Array, "batch length features"],
        named: Float[Array, "batch embedding"],
        key: PRNGKeyArray | None = None,
    ) -> tuple[State, Float[Array, "batch length numbers"]]:
        """All periods of a window, layer by layer.

        Args:
            key: of dropout; None where there is none, as when forecasting.
        """
        named = jnp.broadcast_to(named[:, None], (*features.shape[:2], named.shape[-1]))
        flow = jnp.moveaxis(jnp.concatenate([features, named], -1), 1, 0)
        state, outputs = [], []
        for number, cell in enumerate(self.cells):
            one = lambda carried, gates, cell=cell: (after := cell.step(carried, gates), after[:, : cell.width])
            last, flow = lax.scan(one, cell.start(flow.shape[1]), linear(cell.inputs, flow), unroll=2)
            if key is not None and self.dropout:
                keep = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - self.dropout, flow.shape[1:])
                flow = jnp.where(keep, flow / (1 - self.dropout), 0.0)
            state.append(last)
            outputs.append(flow)
        return state, jnp.moveaxis(linear(self.head, jnp.concatenate(outputs, -1)), 0, 1)
