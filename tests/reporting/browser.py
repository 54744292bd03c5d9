"""A real browser without a window, where one is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

WIDE, PHONE = (1280, 900), (390, 844)


def chromium() -> tuple[str, str]:
    """Return browser and driver; skip the test, saying why, where either is missing."""
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium with its driver (`apt-get install chromium chromium-driver`)")
    return browser, driver


@contextmanager
def opened(page: Path, size: tuple[int, int] = WIDE, *, dark: bool = False) -> Iterator[Any]:
    """Open a page in a browser that may not reach any network."""
    browser, driver = chromium()
    options = Options()
    options.binary_location = browser
    switches = ["--headless=new", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
    switches.append("--disable-dev-shm-usage")  # containers have little of that memory
    if os.geteuid() == 0:
        switches.append("--no-sandbox")  # it refuses to start for root otherwise
    for switch in switches:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    window = webdriver.Chrome(options=options, service=Service(driver))
    try:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700}
        window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        window.get(page.resolve().as_uri())
        yield window
    finally:
        window.quit()
