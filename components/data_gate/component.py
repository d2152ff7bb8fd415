"""DataGate: fails when the data breaks its schema, or differs too much from what was known.

A step of its own, after DataReport: TFX deletes what a failed step wrote, and the report is what a
user then needs.
"""

from tfx.dsl.component.experimental.annotations import InputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio

from components.data_report.artifacts import DataFindings
from components.data_report.report import REPORT_FILE, Findings
from components.refusal import Refusal


@component
def DataGate(report: InputArtifact[DataFindings], pipeline_name: Parameter[str]) -> None:
    """Fails the run if anything is objected to.

    Args:
        report: of DataReport.
        pipeline_name: to say whose data it is.

    Raises:
        Refusal: a sentence for each objection.
    """
    with fileio.open(f"{report.uri}/{REPORT_FILE}") as file:
        found = Findings.model_validate_json(file.read()).objections
    if found:
        way_out = (
            f"All of it is in {report.uri}. Mend the logs; or the schema, or the limits under "
            "`data` of the config, if this is how the data is now"
        )
        said = f"the data of {pipeline_name} is refused: {'; '.join(found)}. {way_out}"
        raise Refusal(said, found, way_out)
