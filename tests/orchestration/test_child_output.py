"""What processes print does not come between the bars of the one that started them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PARENT = """
import subprocess, sys
from pathlib import Path
from orchestration.child_output import children_write_to

def child(word):
    subprocess.run([sys.executable, "-c", f"import sys; print('{word}'); print('{word}', file=sys.stderr)"])

print("before")
with children_write_to(Path(sys.argv[1])):
    child("child")
    print("meanwhile")
    print("meanwhile", file=sys.stderr)
print("after")
child("later child")
"""


def test_children_write_into_the_file_and_the_parent_to_its_terminal(tmp_path: Path) -> None:
    file = tmp_path / "said.log"
    done = subprocess.run([sys.executable, "-c", PARENT, file], capture_output=True, text=True, check=True)
    assert file.read_text() == "child\nchild\n"
    assert done.stdout.split("\n") == ["before", "meanwhile", "later child", "after", ""] or (
        done.stdout.split("\n") == ["before", "meanwhile", "after", "later child", ""]
    )
    assert done.stderr == "meanwhile\nlater child\n"
