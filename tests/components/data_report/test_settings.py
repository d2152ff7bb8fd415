from components.data_report.settings import DataReportSettings
from schemas.columns import Column
from schemas.data_gates import DataGates


def test_settings_come_back_from_json_as_they_were():
    settings = DataReportSettings.model_validate(
        {
            "gates": {"drift": "off", "features": {"item": {"unseen": 3}}},
            "columns": [Column("item", "text")],
            "root": "/logs",
            "served": {"path": "served/{SPAN}/*.parquet", "id": "id", "time": {"column": "time"}},
            "fingerprint": "abc",
        }
    )
    assert DataReportSettings.model_validate_json(settings.model_dump_json()) == settings
    assert DataReportSettings(gates=DataGates(), columns=()).served is None
