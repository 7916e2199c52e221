"""Write the part of TOML that a run's configuration needs: tables of strings, numbers, truth values and lists of them.

`tomllib` reads it back; a value of None is left out.
"""

import json
from typing import Any


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case int() | float():
            return repr(value)
        case list() | tuple():
            return "[" + ", ".join(_text(item) for item in value) + "]"
    raise TypeError(f"a configuration cannot hold a {type(value).__name__}")


def dumps(tables: dict[str, dict[str, Any]]) -> str:
    """Tables of settings as TOML text."""
    blocks = []
    for name, settings in tables.items():
        lines = [f"[{name}]", *(f"{key} = {_text(value)}" for key, value in settings.items() if value is not None)]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
