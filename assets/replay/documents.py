"""What of a replay is kept beside the code."""

import json
from pathlib import Path
from typing import Any

COPY = Path("results", "replay.json")


def keep_copy(docs: Path, name: str, short: dict[str, Any], *, file: Path = COPY) -> Path:
    """Write a replay's figures into ``results/replay.json``, beside those of other sources.

    Args:
        docs: The folder of the documents.
        name: Of the source.
        short: The figures.
        file: Where they are kept in that folder.

    Returns:
        The file.
    """
    path = docs / file
    path.parent.mkdir(exist_ok=True)
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    kept[name] = short
    temporary = path.with_name(f".{path.name}.writing")
    temporary.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path
