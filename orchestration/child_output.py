"""Where the processes of a run write what they print: not between the bars of the one that started them."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import UnsupportedOperation
from pathlib import Path
from typing import Any

STREAMS = ((1, "stdout"), (2, "stderr"))


@contextmanager
def children_write_to(file: Path) -> Iterator[None]:
    """Let processes that start meanwhile write into a file; this one keeps its terminal.

    Args:
        file: Made anew.
    """
    with ExitStack() as stack, file.open("wb") as log:
        for descriptor, name in STREAMS:
            stream = getattr(sys, name)
            stream.flush()
            terminal = os.dup(descriptor)
            stack.callback(os.close, terminal)
            stack.callback(os.dup2, terminal, descriptor)
            if _descriptor(stream) == descriptor:
                own = os.fdopen(
                    os.dup(terminal), "w", buffering=1, encoding=stream.encoding, errors=stream.errors
                )
                stack.callback(setattr, sys, name, stream)
                setattr(sys, name, stack.enter_context(own))
            os.dup2(log.fileno(), descriptor)
        yield


def _descriptor(stream: Any) -> int | None:
    try:
        return int(stream.fileno())
    except (UnsupportedOperation, AttributeError):
        return None
