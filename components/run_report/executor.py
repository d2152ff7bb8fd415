"""The rim of RunReport: artifacts in, a page and its facts out."""

import datetime
import os
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.run_report.facts import FACTS_FILE
from components.run_report.gathering import gather
from components.run_report.writing import facts_text, write

PARAMETERS = ("run", "name", "spec", "config", "reports", "timings")
# Custom property of the output.
PAGE = "page"


class Executor(base_executor.BaseExecutor):
    """Writes `<reports>/<run>/index.html`, and facts.json beside it and into the artifact."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes the report; called by TFX."""
        self._log_startup(input_dict, output_dict, exec_properties)
        told = {name: exec_properties[name] for name in PARAMETERS}
        reports = told.pop("reports")
        told["run"] = told["run"] or f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}"
        artifacts = {name: found[0] for name, found in input_dict.items() if found}
        facts = gather(artifacts, root=os.path.dirname(reports.rstrip("/")), **told)
        page = write(facts, reports)
        report = artifact_utils.get_single_instance(output_dict["report"])
        io_utils.write_string_file(os.path.join(report.uri, FACTS_FILE), facts_text(facts))
        report.set_string_custom_property(PAGE, page)
