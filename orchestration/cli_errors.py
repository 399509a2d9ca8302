"""Errors a user can act on become one line and an exit code; everything else keeps its traceback."""

import errno
from typing import Any

import click

from assets.registry import RegistryError
from assets.run_lock import HomeBusy
from data.errors import InputError
from orchestration.artifact_folder import ArtifactError
from orchestration.launch_errors import JobFailed

REMEDIES = {
    errno.ENOSPC: "Free disk space and start the same command again; what was finished is kept whole",
    errno.EFBIG: "Raise the limit on file sizes and start again; what was finished is kept whole",
    errno.EACCES: "Make it readable and writable for this user, or choose another folder with --home",
    errno.EROFS: "Choose a folder that can be written, with --home",
}
KNOWN = (InputError, JobFailed, HomeBusy, ArtifactError, RegistryError)


class FriendlyGroup(click.Group):
    """A command group that answers known errors with their message."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; known errors exit 1, an interrupt exits 130 and says what happens next."""
        try:
            return super().invoke(ctx)
        except KNOWN as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            raise click.ClickException(told(error)) from error
        except KeyboardInterrupt:
            click.echo(
                "interrupted: what was finished is kept whole; the same command continues from there",
                err=True,
            )
            ctx.exit(130)


def told(error: OSError) -> str:
    """What the machine refused, about which file, and the way out."""
    where = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror or error}{where}. {REMEDIES.get(error.errno or 0, 'What was finished is kept whole')}"
