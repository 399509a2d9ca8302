"""Dagster's and MLflow's pages, used as a person uses them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from orchestration.jobs import PLACEMENT, TRAINING
from tests.browser import dagster_page, mlflow_page
from tests.browser.conftest import SETTINGS, new_page
from tests.browser.servers import Pages, coldcast, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATIONS = TRAINING + PLACEMENT
CHECKED = (
    "interaction_snapshot",
    "bpr_embeddings",
    "token_vectors",
    "user_vocabulary_checkpoint",
    "published_space",
    "evaluation_report",
    "cold_item_distributions",
    "item_embeddings",
)


@pytest.fixture(scope="module")
def partition(home: Path) -> str:
    (folder,) = (home / "artifacts" / "interaction_snapshot").iterdir()
    return folder.name


@pytest.fixture(scope="module")
def run_id(browser: Browser, pages: Pages, partition: str) -> str:
    """A retrain that was launched in the page and has ended green."""
    page = new_page(browser)
    launched = dagster_page.materialize(page, pages, "retrain", partition)
    dagster_page.open_run(page, pages, launched)
    page.context.close()
    return launched


def test_the_graph_shows_every_station(page: Page, pages: Pages) -> None:
    dagster_page.open_graph(page, pages)
    drawn = page.locator("foreignObject")  # the layout comes from a worker, some time after the names
    for station in STATIONS:
        shown = re.compile(f"^{station[:3]}.*{station[-5:]}$")  # long names lose their middle
        expect(drawn.get_by_text(shown).first).to_be_attached(timeout=dagster_page.LOAD)
    page.get_by_text("release", exact=True).first.wait_for()


def test_a_retrain_launched_in_the_page_is_green(
    page: Page, pages: Pages, run_id: str, partition: str
) -> None:
    dagster_page.open_run(page, pages, run_id)
    expect(page.get_by_text(f"partition: {partition}").first).to_be_visible()
    (run,) = [run for run in dagster_page.runs(pages, "retrain") if run["runId"] == run_id]
    assert run["status"] == "SUCCESS"
    config = yaml.safe_load(str(run["runConfigYaml"]))
    own = config["ops"]["user_vocabulary_checkpoint"]["config"]
    assert own == SETTINGS["filterllm"]  # those of the home's config.yaml
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}  # type: ignore[attr-defined]
    assert tags["dagster/partition"] == partition
    assert tags["purpose"] == "retrain"  # by which runs wait for each other


@pytest.mark.parametrize("asset", CHECKED)
def test_checks_are_listed_as_passed(page: Page, pages: Pages, run_id: str, asset: str) -> None:
    states = dagster_page.checks(pages, asset)
    assert states
    assert set(states.values()) == {"SUCCEEDED"}, states
    dagster_page.open_checks(page, pages, asset)
    expect(page.get_by_text(f"Checks ({len(states)})")).to_be_visible()
    expect(page.get_by_text("Succeeded", exact=True)).to_have_count(len(states))
    expect(
        page.get_by_text(sorted(states)[0], exact=True).last
    ).to_be_visible()  # long names are cut in the list


def test_the_reports_picture_is_drawn(page: Page, pages: Pages, run_id: str) -> None:
    image = dagster_page.open_picture(page, pages)
    expect(image).to_be_visible()
    assert image.evaluate("image => image.complete && image.naturalWidth") > 400
    drawn, dialog = image.bounding_box(), page.get_by_role("dialog").bounding_box()
    assert drawn is not None
    assert dialog is not None
    assert drawn["x"] + drawn["width"] <= dialog["x"] + dialog["width"]  # nothing is cut off


def test_a_station_links_to_its_run_in_mlflow(page: Page, pages: Pages, run_id: str) -> None:
    page.goto(f"{pages.dagster}/assets/evaluation_report")
    row = page.locator("tr", has=page.get_by_text("mlflow_run", exact=True)).last
    address = row.get_by_role("link").first.get_attribute("href", timeout=dagster_page.LOAD)
    assert address is not None
    assert address.startswith(pages.mlflow)
    page.goto(address)
    expect(page.get_by_role("heading", name="evaluation_report")).to_be_visible(timeout=dagster_page.LOAD)


def test_mlflow_shows_the_tree_of_runs_and_their_metrics(page: Page, pages: Pages, run_id: str) -> None:
    mlflow_page.open_tree(page, pages)
    for station in TRAINING:
        expect(page.get_by_role("link", name=station[:8]).first).to_be_visible()
    mlflow_page.open_station(page, "evaluation_report")
    expect(page.get_by_role("link", name="retrain").first).to_be_visible()
    expect(page.get_by_text("Finished", exact=True)).to_be_visible()
    expect(page.get_by_text("test.cold.B.ndcg_at_20").first).to_be_attached(timeout=dagster_page.LOAD)


def test_mlflow_shows_the_champion(page: Page, pages: Pages, run_id: str) -> None:
    row = mlflow_page.open_champion(page, pages)
    expect(row.get_by_role("link", name="Version 1")).to_be_visible()  # the same data twice is not promoted
    challenger = page.get_by_role("row", name="challenger")
    expect(challenger.get_by_role("link", name="Version 2")).to_be_visible()


@pytest.mark.parametrize("name", ["new_users", "unplaced_items", "nightly_retrain"])
def test_sensors_and_schedule_run_and_tick(page: Page, pages: Pages, name: str) -> None:
    wait_until(lambda: bool(dagster_page.ticks(pages, name)), 180, f"a tick of {name}")
    done = [tick for tick in dagster_page.ticks(pages, name) if tick["status"] != "STARTED"]
    assert all(tick["error"] is None for tick in done), done
    assert {tick["status"] for tick in done} <= {"SKIPPED", "SUCCESS"}, done
    page.goto(f"{pages.dagster}/automation")
    row = page.get_by_text(name, exact=True).first
    expect(row).to_be_visible(timeout=dagster_page.LOAD)


def test_items_that_arrive_are_placed_by_the_daemon(
    page: Page, pages: Pages, home: Path, tmp_path: Path, run_id: str
) -> None:
    items = tmp_path / "items.csv"
    items.write_text("item_id,text\nnew-1,A first new title\nnew-2,Another title of today\n")
    coldcast(home, "import", "files", "--items", str(items))
    wait_until(lambda: bool(dagster_page.runs(pages, "place_cold_items")), 180, "a run for the new items")
    (run,) = dagster_page.runs(pages, "place_cold_items")
    dagster_page.open_run(page, pages, str(run["runId"]))
    assert "0 without a vector" in coldcast(home, "status")
    states = dagster_page.checks(pages, "cold_item_distributions")
    assert set(states.values()) == {"SUCCEEDED"}, states
