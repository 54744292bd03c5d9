"""A remote of DVC: what one clone pushes another pulls, and makes nothing again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from project import Project, stages_run

from liit.files import digest_folder

AUTHOR = ("-c", "user.name=test", "-c", "user.email=test@localhost")
CACHED = ("data", "read", "selections", "adapters", ".code", ".files")
"""What git does not hold and the main pipeline makes."""


def committed(project: Project) -> None:
    """Commit what the pipeline left: results, reports, the base and dvc.lock."""
    project.run("git", "add", "-A")
    project.run("git", *AUTHOR, "commit", "-qm", "run")


def cloned(project: Project, to: Path) -> Project:
    project.run("git", "clone", "-q", str(project.root), str(to))
    return Project(to)


def nothing_is_made_again(clone: Project, original: Project) -> None:
    """Pull into a clone; its report is the original's, and no stage and no phase runs."""
    assert not any((clone.root / name).exists() for name in CACHED)
    clone.dvc("pull", "dvc.yaml")
    for name in CACHED:
        pulled, pushed = (digest_folder(one.root / name) for one in (clone, original))
        assert pulled == pushed, name
    clone.liit("report")
    changed = clone.run("git", "status", "--short", "reports", "results", "README.md").split()
    assert changed == ["M", "reports/index.html"]  # its samples show signals, a cache of scratch/
    clone.run("git", "checkout", "reports/index.html")
    assert stages_run(clone.dvc("repro")) == []
    assert "·" not in clone.liit("run", "random"), "a phase began"


def test_a_clone_pulls_from_a_folder_what_another_pushed(project: Project, tmp_path: Path) -> None:
    project.dvc("remote", "add", "--default", "store", str(tmp_path / "store"))
    committed(project)
    project.dvc("push", "dvc.yaml")
    clone = cloned(project, tmp_path / "clone")
    nothing_is_made_again(clone, project)
    clone.dvc("pull", "--allow-missing")  # further tables that were never run have nothing to pull


@pytest.mark.skipif(
    not (find_spec("dvc_s3") and find_spec("moto")),
    reason="an S3 server on this machine needs: pip install dvc-s3 'moto[server,s3]'",
)
def test_s3_holds_what_a_folder_holds(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    with a_bucket("liit") as address:
        project.dvc("remote", "add", "--default", "store", "s3://liit/store")
        project.dvc("remote", "modify", "store", "endpointurl", address)
        committed(project)
        project.dvc("push", "dvc.yaml")
        nothing_is_made_again(cloned(project, tmp_path / "clone"), project)


@contextmanager
def a_bucket(name: str) -> Iterator[str]:
    """Yield the address of an S3 server on this machine with an empty bucket."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        boto3.client("s3", endpoint_url=address).create_bucket(Bucket=name)
        yield address
    finally:
        server.stop()
