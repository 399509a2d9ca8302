"""What a user does on MLflow's pages."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from tests.browser.dagster_page import LOAD
from tests.browser.servers import Pages

# The pages for training models, without the assistant's panel, as a user leaves them after the first visit.
SETTLED = """
localStorage.setItem('mlflow.workflowType_v1', '"machine_learning"');
localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false');
localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true');
localStorage.setItem('_mlflow_model_registry_promo_modal_dismissed_v1', 'true');
"""


def open_tree(page: Page, pages: Pages) -> None:
    """Open the runs of the experiment and unfold the newest retrain."""
    page.goto(f"{pages.mlflow}/#/experiments")
    page.get_by_role("link", name="coldcast", exact=True).first.click(timeout=LOAD)
    cell = page.locator("[role=gridcell]", has=page.get_by_role("link", name="retrain")).first
    cell.locator("button").first.click(timeout=LOAD)
    page.get_by_role("link", name="evaluation_report").wait_for(timeout=LOAD)


def open_station(page: Page, station: str) -> None:
    """From the unfolded tree to the page of one station."""
    page.get_by_role("link", name=station).first.click()
    page.get_by_text("Parent run", exact=True).wait_for(timeout=LOAD)


def open_champion(page: Page, pages: Pages) -> Locator:
    """Open the registered model; returns the row of the version that carries the alias."""
    page.goto(f"{pages.mlflow}/#/models")
    page.locator("a[href='#/models/coldcast']").first.click(timeout=LOAD)
    row = page.get_by_role("row", name="champion").first
    row.wait_for(timeout=LOAD)
    return row
