"""The audience of one text, as a table for the terminal."""

from collections.abc import Sequence

from rich.table import Table


def audience_table(text: str, rows: Sequence[tuple[str, float, list[str]]], version: int) -> Table:
    """Show who would want a text; an id longer than its column goes on in the next line, whole.

    Args:
        text: What was asked about.
        rows: User id, probability and nearest titles of the user's history, most probable first.
        version: The version that was asked.
    """
    covered = sum(probability for _, probability, _ in rows)
    table = Table(title=f"{text}\nversion {version}; these users hold {covered:.1%} of the probability")
    table.add_column("rank", justify="right")
    table.add_column("user", overflow="fold")
    table.add_column("probability", justify="right")
    table.add_column("nearest titles of their history", overflow="fold")
    for rank, (user, probability, titles) in enumerate(rows, start=1):
        table.add_row(str(rank), user, f"{probability:.3%}", "; ".join(titles))
    return table
