"""Dashboards are sent for real, to a server on loopback that answers as W&B does."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from loopback import ENTITY, PROJECT, USER, Loopback

from liit.errors import LiitError
from liit.reporting.report_data import ReportData
from liit.tracking.sending import send_dashboards

pytestmark = pytest.mark.usefixtures("made_up")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gives a request up after 3 seconds, in which it repeats it once."""
    import wandb

    monkeypatch.setattr(wandb.Api, "_HTTP_TIMEOUT", 3)


def test_a_workspace_a_report_and_their_charts_are_sent(
    server: Loopback, table: ReportData
) -> None:
    urls = send_dashboards(table, PROJECT)
    (workspace,), (report,) = server.of_type("project-view"), server.of_type("runs")
    assert workspace["displayName"] == report["displayName"] == "LiIT-Bench main, scale mini"
    assert urls == [
        f"{server.url}/{ENTITY}/{PROJECT}?nw={workspace['name'][3:-2]}",
        f"{server.url}/{ENTITY}/{PROJECT}/reports/LiIT-Bench-main,-scale-mini--{report['id']}",
    ]
    assert [name.split("-")[2] for name in sorted(server.charts)] == ["composition", "heatmap"]
    used = set(server.charts)
    assert {part for part in used if part in workspace["spec"] and part in report["spec"]} == used


def test_what_is_sent_is_what_the_files_say(server: Loopback, table: ReportData) -> None:
    send_dashboards(table, PROJECT)
    golden = Path(__file__).with_name("golden")
    for kind, name in (("project-view", "workspace"), ("runs", "report")):
        text = (golden / f"{name}.json").read_text("utf-8").replace("{entity}", ENTITY)
        (view,) = server.of_type(kind)
        assert json.loads(view["spec"]) == json.loads(text)["spec"]


def test_sending_again_replaces(server: Loopback, table: ReportData) -> None:
    first = send_dashboards(table, PROJECT)
    views = {key: view["spec"] for key, view in server.views.items()}
    assert send_dashboards(table, PROJECT) == first
    assert {key: view["spec"] for key, view in server.views.items()} == views
    assert len(server.charts) == 2


def test_nothing_of_the_machine_is_sent(server: Loopback, table: ReportData) -> None:
    send_dashboards(table, PROJECT)
    own = [socket.gethostname(), USER, str(Path.cwd()), str(Path.home()), os.environ["WANDB_DIR"]]
    assert len(server.bodies) > 5
    assert [word for word in own for body in server.bodies if word in body] == []


def test_no_rights(server: Loopback, table: ReportData) -> None:
    for refusal in (403, "permission denied"):
        server.failures = {"upsertView": [refusal]}
        with pytest.raises(LiitError, match="ask the owner of the project liit-bench"):
            send_dashboards(table, PROJECT)
    server.failures = {"viewer": [401]}
    with pytest.raises(LiitError, match="wandb login --relogin"):
        send_dashboards(table, PROJECT)
    assert server.views == {}


def test_no_project(server: Loopback, table: ReportData) -> None:
    server.projects.clear()
    with pytest.raises(LiitError, match="send its runs first: `liit publish`"):
        send_dashboards(table, PROJECT)


def test_no_key(
    server: Loopback, table: ReportData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(LiitError, match="run `wandb login`"):
        send_dashboards(table, PROJECT)
    assert server.bodies == []


def test_a_rate_limit_is_waited_for(server: Loopback, table: ReportData) -> None:
    server.failures = {"createCustomChart": [429], "upsertView": [429]}
    send_dashboards(table, PROJECT)
    assert len(server.views) == 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("failure", ["cut", 429])
def test_the_same_command_finishes_the_job(
    server: Loopback, table: ReportData, failure: int | str
) -> None:
    server.failures = {"upsertView": [200, *[failure] * 100]}
    with pytest.raises(LiitError, match="repeat the command"):
        send_dashboards(table, PROJECT)
    assert [view["type"] for view in server.views.values()] == ["project-view"]
    server.failures.clear()
    send_dashboards(table, PROJECT)
    assert [view["type"] for view in server.views.values()] == ["project-view", "runs"]


def test_a_short_cut_is_not_noticed(server: Loopback, table: ReportData) -> None:
    server.failures = {"upsertView": ["cut", 200, "lost"]}
    send_dashboards(table, PROJECT)
    assert len(server.views) == 2


def test_the_server_refuses_what_is_not_in_the_schema() -> None:
    server = Loopback()
    document = 'mutation { upsertView(input: {spec: "{}", colour: "red"}) { view { id } } }'
    answer = server.answer(document, {})
    assert "unknown field 'colour'" in answer["errors"][0]["message"]
    assert server.invalid and not server.views


@pytest.mark.usefixtures("impatient")
def test_a_connection_lost_at_the_start_blames_no_key(server: Loopback, table: ReportData) -> None:
    server.failures = {"viewer": ["cut"] * 100}
    with pytest.raises(LiitError, match="repeat the command"):
        send_dashboards(table, PROJECT)
