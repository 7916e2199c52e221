"""The arrays that the compiled code takes and gives, in one order for Python, C++ and Warp.

They are the fields of `BuyingLP`, `Limits` and `Solution`, read off their annotations, and what the method adds: where
it starts, which LPs are active, the bases found and the pivots taken. C++ gets their positions, sizes and rows as text.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.problem import BuyingLP, Shape, Solution
from jaxsim.kernels.status import Status

REAL = "Real"
"""The kind of numbers of the LPs' floating type."""

_CONSTANTS = dict(zip(Shape._fields, "KRM", strict=True)) | {"bytes": "NetworkSimplex::STATE"}


class Argument(NamedTuple):
    """An array of the call; after its axes comes the batch."""

    name: str
    kind: str
    """`REAL`, or the name of a type of whole numbers."""
    axes: tuple[str, ...] = ()

    @property
    def rows(self) -> str:
        """How many numbers an LP has in it, in C++."""
        return " * ".join(_CONSTANTS[axis] for axis in self.axes) or "1"


def _fields(kind: Any) -> list[Argument]:
    """Of a tuple of arrays annotated with types and axes, those of the LPs' floating type first."""
    arguments = []
    for name, hint in kind.__annotations__.items():
        real = "float64" in hint.dtypes
        arguments.append(Argument(name, REAL if real else hint.dtypes[0], tuple(hint.dim_str.split()[:-1])))
    return sorted(arguments, key=lambda argument: argument.kind != REAL)


_NUMBERS = {int: "int32", float: REAL}
GIVEN = _fields(BuyingLP)
ACTIVE = Argument("active", "bool")
INPUTS = [*GIVEN, Argument("start", "int8", ("bytes",)), ACTIVE]
INPUTS += [Argument(name, _NUMBERS[hint]) for name, hint in Limits.__annotations__.items()]
OUTPUTS = [*_fields(Solution), Argument("basis", "int8", ("bytes",)), Argument("pivots", "int32")]
FOUND = [argument for argument in OUTPUTS if argument.kind == REAL]


def axes(argument: Argument, sizes: Mapping[str, int]) -> tuple[int, ...]:
    """The array's shape but for the batch."""
    return tuple(sizes[axis] for axis in argument.axes)


def arrays_in_cpp() -> str:
    """`Given` and `Found`: a `Row` for each number of an LP and of its answer, `Statuses`, and names of positions."""
    statuses = ", ".join(f"{status.name} = {status.value}" for status in Status)
    given = _struct("given", GIVEN, [*_positions(INPUTS), "INPUTS"])
    found = _struct("found", FOUND, [*_positions(OUTPUTS), "WORKSPACE", "OUTPUTS"])
    return given + found + f"\nstruct Statuses {{\n    enum {{ {statuses} }};\n}};\n"


def _positions(arguments: Sequence[Argument]) -> list[str]:
    return [argument.name.upper() for argument in arguments]


def _struct(name: str, arguments: Sequence[Argument], positions: Sequence[str]) -> str:
    """A structure of the arguments' rows, a method that gives them by position, and how many there are."""
    count, rows = name.upper(), [argument.rows for argument in arguments]
    members = [argument.name for argument in arguments]
    list_of = lambda words: ", ".join(words)
    return f"""
struct {name.title()} {{
    enum {{ {list_of(positions)}, {count} = {len(arguments)} }};
    Row {list_of(f"{member}[{size}]" for member, size in zip(members, rows, strict=True))};

    CUDA_CALLABLE static int rows_{name}(int array) {{
        const int rows[{count}] = {{{list_of(rows)}}};
        return rows[array];
    }}

    CUDA_CALLABLE Row* {name}(int array) {{
        Row* const rows[{count}] = {{{list_of(members)}}};
        return rows[array];
    }}
}};
"""


def pointers_in_cpp() -> str:
    """The data of Warp arrays with the names of the arguments."""
    data = lambda arguments: ", ".join(f"{argument.name}.data" for argument in arguments)
    return f"const Real* const given[] = {{{data(GIVEN)}}};\nReal* const found[] = {{{data(FOUND)}}};\n"
