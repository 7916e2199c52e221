"""The declaration of tables and the page written from it."""

import subprocess
import sys

from jaxsim.scenario import QUANTILE_COLUMNS, QUANTILE_LEVELS, TABLES
from jaxsim.scenario.schema import PRODUCT_TABLES
from jaxsim.scenario.tables_doc import PAGE, page


def test_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m jaxsim.scenario.tables_doc"


def test_quantile_columns_name_their_levels():
    assert list(QUANTILE_COLUMNS) == ["q05", *(f"q{n}" for n in range(10, 100, 10)), "q95", "q99"]
    assert [int(name[1:]) / 100 for name in QUANTILE_COLUMNS] == list(QUANTILE_LEVELS)


def test_tables_have_keys_and_references_that_exist():
    assert len(TABLES) == 15
    for table in TABLES.values():
        assert set(table.key) <= {column.name for column in table.columns}
        assert set(table.key_among(table.names)) <= set(table.names)
        for column in table.columns:
            if column.refers_to is not None:
                target, name = column.refers_to.split(".")
                assert TABLES[target].key == (name,)
    assert set(PRODUCT_TABLES) == {name for name, table in TABLES.items() if "product" in table.names}


def test_tables_are_handled_without_jax():
    """Tools that only look at tables start fast, and the generator runs where jax is broken."""
    code = "import sys, jaxsim.scenario.generate; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
