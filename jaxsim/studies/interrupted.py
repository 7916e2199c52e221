"""What a study that was stopped raises."""

import pyarrow as pa


class Interrupted(KeyboardInterrupt):
    """A study was stopped, and its run folder, if it has one, can go on; `tables` holds what it had found.

    Of a search these are iterations, history, and the best costs so far; of an evaluation there are none.
    """

    def __init__(self, tables: dict[str, pa.Table]) -> None:
        super().__init__("the study was interrupted")
        self.tables = tables
