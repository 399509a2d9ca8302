"""What a user does on Dagster's pages."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.servers import Pages

LOAD = 60_000.0  # milliseconds until a page shows its content
RUN = 420_000.0  # ... until a retrain of a small world is over
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "coldcast"}

RUNS = """query($job: String){runsOrError(filter: {pipelineName: $job}, limit: 5){... on Runs{results{
    runId status runConfigYaml tags{key value} assetChecks{name}}}}}"""
CHECKS = """query($asset: AssetKeyInput!){assetNodeOrError(assetKey: $asset){... on AssetNode{
    assetChecksOrError{... on AssetChecks{checks{name executionForLatestMaterialization{status}}}}}}}"""
TICKS = """query($name: InstigationSelector!){instigationStateOrError(instigationSelector: $name){
    __typename ... on InstigationState{status ticks(limit: 10){status skipReason runIds error{message}}}}}"""


def materialize(page: Page, pages: Pages, job: str, partition: str) -> str:
    """Open a job, choose a partition, launch it by the page's own dialog; returns the run's id."""
    before = {run["runId"] for run in runs(pages, job)}
    page.goto(f"{pages.dagster}/locations/coldcast/jobs/{job}")
    page.get_by_role("button", name="Materialize").first.click(timeout=LOAD)
    page.get_by_text("Select a partition or create one").click(timeout=LOAD)
    page.get_by_text(partition).first.click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Launch 1 run").click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=LOAD)
    return next(str(run["runId"]) for run in runs(pages, job) if run["runId"] not in before)


def open_run(page: Page, pages: Pages, run_id: str) -> None:
    """Open a run's page and wait until the page says that it is green."""
    page.goto(f"{pages.dagster}/runs/{run_id}")
    over = page.get_by_text("Success", exact=True).or_(page.get_by_text("Failure", exact=True))
    over.first.wait_for(timeout=RUN)
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()


def open_checks(page: Page, pages: Pages, asset: str) -> None:
    """Open the tab of an asset's checks."""
    page.goto(f"{pages.dagster}/assets/{asset}?view=checks")
    page.get_by_text("Latest execution").wait_for(timeout=LOAD)
    page.get_by_text("Passed", exact=True).first.wait_for(timeout=LOAD)


def open_picture(page: Page, pages: Pages) -> Locator:
    """Open the report's picture, as stored with its materialization; returns the image."""
    page.goto(f"{pages.dagster}/assets/evaluation_report")
    row = page.locator("tr", has=page.get_by_text("plot", exact=True)).last
    row.get_by_text("Show Markdown").click(timeout=LOAD)
    image = page.get_by_role("dialog").locator("img[src^='data:image/png;base64,']")
    image.wait_for(timeout=LOAD)
    return image


def open_graph(page: Page, pages: Pages, *, alone: bool = False) -> None:
    """Open the asset graph with every group unfolded; ``alone`` leaves the width to it."""
    page.goto(f"{pages.dagster}/asset-groups/")
    page.get_by_text("placement", exact=True).last.wait_for(timeout=LOAD)
    if alone:
        page.get_by_text("Hide navigation").click()
        page.get_by_placeholder("Jump to").locator("xpath=following::button[1]").click()
    page.keyboard.press("Alt+e")
    page.get_by_text("token_vectors").first.wait_for(timeout=LOAD)


def enlarge_chart(page: Page, height: float) -> None:
    """On a run's page: draw the line between chart and messages down to a height in pixels."""
    line = page.locator("[class*=SplitPanelContainer_verticalHitArea]").bounding_box()
    assert line is not None
    across = line["x"] + line["width"] / 2
    page.mouse.move(across, line["y"] + line["height"] / 2)
    page.mouse.down()
    page.mouse.move(across, height, steps=10)
    page.mouse.up()


def runs(pages: Pages, job: str) -> list[dict[str, object]]:
    """The newest runs of a job."""
    found: list[dict[str, object]] = pages.ask(RUNS, job=job)["runsOrError"]["results"]
    return found


def checks(pages: Pages, asset: str) -> dict[str, str]:
    """State of each check of an asset."""
    node = pages.ask(CHECKS, asset={"path": [asset]})["assetNodeOrError"]
    return {
        check["name"]: (check["executionForLatestMaterialization"] or {}).get("status", "NONE")
        for check in node["assetChecksOrError"]["checks"]
    }


def ticks(pages: Pages, name: str) -> list[dict[str, object]]:
    """What a sensor or schedule did last; fails if it does not run."""
    state = pages.ask(TICKS, name={"name": name, **REPOSITORY})["instigationStateOrError"]
    assert state["__typename"] == "InstigationState", state
    assert state["status"] == "RUNNING", state
    found: list[dict[str, object]] = state["ticks"]
    return found
