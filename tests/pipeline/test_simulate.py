import pytest

from pipeline.errors import Misuse
from pipeline.simulate import simulate_logs

SETTINGS = {
    "impressions": 500,
    "days": 2,
    "seed": 1,
    "format": "csv",
    "click_rate": 0.2,
    "conversion_rate": 0.2,
}


def test_it_says_what_it_wrote_and_where(tmp_path, capsys):
    simulate_logs(tmp_path / "shop [new]", **SETTINGS)
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("500 impressions, ")
    assert said.endswith(f"repeated clicks logs {tmp_path / 'shop [new]'}")
    logs = {path.name for path in (tmp_path / "shop [new]").iterdir()}
    assert logs == {"impressions", "clicks", "conversions", "truth"}


def test_a_setting_out_of_range_is_misuse_and_writes_nothing(tmp_path):
    with pytest.raises(Misuse, match="`click_rate` is a share strictly between 0 and 1"):
        simulate_logs(tmp_path / "shop", **{**SETTINGS, "click_rate": 1.5})
    assert not (tmp_path / "shop").exists()


def test_an_existing_directory_is_misuse_and_stays_as_it_was(tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(Misuse):
        simulate_logs(tmp_path, **SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
