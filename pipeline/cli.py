"""The command line. TensorFlow and TFX are imported inside commands: `--help` is quick."""

import os
import signal
import sys

import click

from pipeline.commands.backfill import backfill
from pipeline.commands.clean import clean
from pipeline.commands.compile import compile_pipeline
from pipeline.commands.doctor import doctor
from pipeline.commands.kubeflow import runs, submit
from pipeline.commands.parity import parity
from pipeline.commands.report import report
from pipeline.commands.run import run, tune
from pipeline.commands.schedule import schedule
from pipeline.commands.score import score, tune_score
from pipeline.commands.serving import lineage, monitor, rollback
from pipeline.commands.simulate import simulate
from pipeline.commands.worker import worker
from pipeline.errors import Interrupted, Misuse, RunFailed
from pipeline.failures import reason, told_by

# Exit codes.
_FAILED = 1
_MISUSE = 2
_SIGNAL = 128  # and its number


class _Group(click.Group):
    """Turns every error into one sentence and an exit code."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:  # the reader went away, as `head` does: click knows what to do
            raise
        except Misuse as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(_MISUSE)
        except RunFailed as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(_FAILED)
        except (Interrupted, KeyboardInterrupt) as stop:
            click.echo(str(stop) or "Interrupted.", err=True)
            sys.exit(_SIGNAL + getattr(stop, "number", signal.SIGINT))
        except Exception as error:
            story = told_by(error)
            click.echo(
                f"Error: {context.invoked_subcommand} failed: {reason(error)}. {story}", err=True
            )
            sys.exit(_FAILED)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="funnelrank")
def main() -> None:
    """Logs in, a blessed ranking model out.

    Exit codes: 0 done, 1 the run failed or a gate refused the model, 2 misuse, 130 interrupted.
    """
    # Before TensorFlow is imported: TFRS needs Keras 2, and a terminal needs no C++ chatter.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")


for command in (
    *(run, backfill, tune, simulate, score, parity, tune_score, worker),
    *(report, monitor, lineage, rollback, clean, compile_pipeline, doctor),
    *(submit, schedule, runs),
):
    main.add_command(command)
