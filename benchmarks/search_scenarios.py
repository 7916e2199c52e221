"""Scenarios of `benchmarks.search` by name, generated into a folder once."""

from dataclasses import dataclass
from pathlib import Path

from jaxsim.scenario.generate import generate


@dataclass(frozen=True)
class Generated:
    """What `jaxsim generate` is told."""

    preset: str
    seed: int = 1
    history: str | None = None
    """File of real demand, in the folder of data."""

    def at(self, work: Path, data: Path) -> Path | None:
        """The scenario's folder below `work`, generated where it is missing; None without its file in `data`."""
        history = None if self.history is None else data / self.history
        if history is not None and not history.exists():
            return None
        stem = self.preset if history is None else history.stem
        folder = work / f"{stem}-{self.seed}"
        if not folder.exists():
            generate(folder, self.preset, self.seed, history)
        return folder


SCENARIOS = {
    "demo-1": Generated("demo", 1),
    "demo-2": Generated("demo", 2),
    "demo-3": Generated("demo", 3),
    "paper": Generated("paper"),
    "carparts": Generated("demo", history="carparts.csv"),
    "favorita": Generated("demo", history="favorita_weekly.parquet"),
}
