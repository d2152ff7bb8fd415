"""The command `python -m examples.census SOURCE_DIR OUT_DIR`."""

from pathlib import Path

import click


@click.command()
@click.argument("source_dir", type=click.Path(path_type=Path))
@click.argument("out_dir", type=click.Path(path_type=Path))
@click.option(
    "--seed",
    default=0,
    show_default=True,
    help="Chooses which half of the test file is the validation span.",
)
def main(source_dir: Path, out_dir: Path, seed: int) -> None:
    """Convert the files of Census-Income (KDD) in SOURCE_DIR to a log in OUT_DIR.

    SOURCE_DIR holds census-income.data and census-income.test, gzipped or not. OUT_DIR must be
    new or empty; it gets impressions/ with three dates: 1995-01-01 is the train file, 1995-01-02
    and 1995-01-03 are the two halves of the test file, for validation and for the test.
    """
    import duckdb

    from examples.census.convert import convert

    try:
        rows = convert(source_dir, out_dir, seed)
    except (FileNotFoundError, FileExistsError) as error:
        raise click.UsageError(str(error)) from error
    except (ValueError, duckdb.Error) as error:
        raise click.ClickException(str(error)) from error
    for part, count in rows.items():
        click.echo(f"{part}: {count} rows")
    click.echo(str(out_dir))


if __name__ == "__main__":
    main()
