"""Four people in the train file and ten in the test file, in the published form."""

import gzip
from pathlib import Path

import pytest

from examples.census.fields import FIELDS


def line(**values: str) -> str:
    """Returns a line of the files: 42 fields, a comma and a space between them."""
    person = dict.fromkeys(FIELDS, "Not in universe")
    person |= dict.fromkeys(
        ("wage_per_hour", "capital_gains", "capital_losses", "dividends", "employer_size"), "0"
    )
    person |= {"age": "40", "weeks_worked": "52", "instance_weight": "1700.09", "year": "95"}
    person |= {"education": "10th grade", "marital_status": "Divorced", "income": "- 50000."}
    return ", ".join((person | values).values()) + "\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    train = [
        line(age="73", birth_country="?", hispanic_origin="NA"),
        line(marital_status="Never married", education="Associates degree-occup /vocational"),
        line(income="50000+.", education="Bachelors degree(BA AB BS)"),
        line(income="50000+.", education="Some college but no degree", citizenship="Foreign U S "),
    ]
    with gzip.open(folder / "census-income.data.gz", "wt") as file:
        file.writelines([*train, train[0]])
    (folder / "census-income.test").write_text("".join(line(age=str(age)) for age in range(11)))
    return folder
