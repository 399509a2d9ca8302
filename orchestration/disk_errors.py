"""What the machine refused to read or write, and the way out."""

import errno
import re

KEPT = "What was finished is kept whole"
REMEDIES = {
    errno.ENOSPC: "Free disk space and start the same command again; what was finished is kept whole",
    errno.EDQUOT: "Free disk space or ask for more; then start again: what was finished is kept whole",
    errno.EFBIG: "Raise the limit on file sizes and start again; what was finished is kept whole",
    errno.EACCES: "Make it readable and writable for this user, or choose another folder with --home",
    errno.EROFS: "Choose a folder that can be written, with --home",
}
NUMBER = re.compile(r"\[Errno (\d+)\]", re.IGNORECASE)


def told(error: OSError) -> str:
    """What was refused, about which file, and the way out."""
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}. {REMEDIES.get(error.errno or 0, KEPT)}"


def remedy(message: str) -> str | None:
    """The way out of an error that is known by its message alone; None where there is none to name."""
    found = NUMBER.search(message)
    return REMEDIES.get(int(found[1])) if found else None
