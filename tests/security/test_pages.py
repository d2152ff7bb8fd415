"""Report pages show names and values from logs and configs: they show them, and do nothing else."""

import json
from html.parser import HTMLParser

import pytest

from components.run_report.comparison import compare
from components.run_report.facts import Facts, Kept, Lineage, Stop, Timing, Verdict
from components.run_report.facts_of_data import Data, Distance, FeatureFacts, Funnel, Rate
from components.run_report.rendering import render

HOSTILE = (
    """'"></td><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}{% raw %}&#60;b&#62;"""
)
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


class Page(HTMLParser):
    """The tags of a page, its text, and what its head says of other places."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def facts() -> Facts:
    feature = FeatureFacts(
        kind=HOSTILE,
        side=HOSTILE,
        coverage=0.5,
        drift=Distance(measure=HOSTILE, distance=0.5, limit=0.1),
        unseen={HOSTILE: 0.5},
    )
    verdict = Verdict(
        gate="ctr.auc", slice=HOSTILE, bar=HOSTILE, value=0.5, said=HOSTILE, passed=False,
        reason=HOSTILE,
    )  # fmt: skip
    return Facts(
        run="20260101T000000Z",
        name=HOSTILE,
        stop=Stop(node=HOSTILE, objections=(HOSTILE,), way_out=HOSTILE),
        version=HOSTILE,
        blessed=False,
        verdicts=(verdict,),
        score=HOSTILE,
        funnel=Funnel(
            logs={"impressions": {"read": 2, "examples": 1}},
            rejected={"impressions": {HOSTILE: 1}},
            rows={"train": 1},
        ),
        features={HOSTILE: feature},
        data=Data(
            anomalies=(HOSTILE,), objections=(HOSTILE,), rates={HOSTILE: Rate(rate=0.1)},
            newest=HOSTILE, before=(HOSTILE,),
        ),
        timings=(Timing(node=HOSTILE, seconds=1.0),),
        config=json.dumps({HOSTILE: HOSTILE}),
        lineage=Lineage(
            spans=(HOSTILE,), base=HOSTILE, packages={HOSTILE: HOSTILE},
            artifacts=(Kept(name=HOSTILE, type=HOSTILE, id=1, path=HOSTILE),),
        ),
        missing={"training": HOSTILE},
    )  # fmt: skip


@pytest.mark.parametrize("make", [render, lambda facts: compare(facts, facts)], ids=["run", "two"])
def test_whatever_a_page_is_told_is_text_on_it(make, facts):
    page = Page(make(facts))
    assert HOSTILE in page.text
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "iframe", "object", "form")]
    named = [name for _, attributes in page.tags for name in attributes]
    assert not [name for name in named if name.startswith("on")]
    leading = [of[name] for _, of in page.tags for name in ("href", "src") if name in of]
    ours = ("#", "data:,", f"{facts.run}/index.html")
    assert not [place for place in leading if not place.startswith(ours)]


@pytest.mark.parametrize("make", [render, lambda facts: compare(facts, facts)], ids=["run", "two"])
def test_a_page_forbids_scripts_and_other_places_before_anything_else(make, facts):
    tags = Page(make(facts)).tags
    policy = {"http-equiv": "Content-Security-Policy", "content": POLICY}
    assert [tag for tag, _ in tags[:3]] == ["html", "head", "meta"]
    assert tags[3] == ("meta", policy)
