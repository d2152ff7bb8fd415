"""The command `python -m examples.kuairand SOURCE_DIR OUT_DIR`."""

from pathlib import Path

import click


@click.command()
@click.argument("source_dir", type=click.Path(path_type=Path))
@click.argument("out_dir", type=click.Path(path_type=Path))
def main(source_dir: Path, out_dir: Path) -> None:
    """Convert the files of KuaiRand-Pure in SOURCE_DIR to logs in OUT_DIR.

    SOURCE_DIR holds user_features_pure.csv, video_features_basic_pure.csv and the impressions:
    log_standard_*.csv as published, or *_<first day>_<last day>.parquet. OUT_DIR must be new or
    empty; it gets impressions/, clicks/ and conversions/, one folder a day in each.
    """
    import duckdb

    from examples.kuairand.convert import convert

    try:
        rows = convert(source_dir, out_dir)
    except (FileNotFoundError, FileExistsError) as error:
        raise click.UsageError(str(error)) from error
    except (ValueError, duckdb.Error) as error:
        raise click.ClickException(str(error)) from error
    for log, count in rows.items():
        click.echo(f"{log}: {count} rows")
    click.echo(str(out_dir))


if __name__ == "__main__":
    main()
