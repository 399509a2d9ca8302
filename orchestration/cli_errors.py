"""Errors a user can act on become one line and an exit code; everything else keeps its traceback."""

from typing import Any

import click

from assets.registry import RegistryError
from assets.run_lock import HomeBusy
from data.errors import InputError
from orchestration.artifact_folder import ArtifactError
from orchestration.disk_errors import told
from orchestration.launch_errors import JobFailed, ServerEnded

KNOWN = (InputError, JobFailed, HomeBusy, ArtifactError, RegistryError, ServerEnded)


class FriendlyGroup(click.Group):
    """A command group that answers known errors with their message."""

    BEFORE = "--home"
    """The option that belongs to the group and is looked for behind the command."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; known errors exit 1, an interrupt exits 130 and says what happens next."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            if error.option_name != self.BEFORE:
                raise
            told_where = f"{self.BEFORE} stands before the command: coldcast {self.BEFORE} FOLDER COMMAND"
            raise click.UsageError(told_where, ctx=error.ctx) from error
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
