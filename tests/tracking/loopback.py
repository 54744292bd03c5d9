"""W&B's API on loopback: documents are checked against a schema, runs and views kept as there."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from graphql import GraphQLError, build_schema, graphql_sync

SCHEMA = build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))
ENTITY = "some-team"
PROJECT = "liit-bench"
USER = "someone-at-home"


@dataclass
class Loopback:
    """What the server holds, what it was sent, and how it fails.

    ``failures``: field -> what happens to the next requests for it, in order: an HTTP status (200:
    nothing), "cut" for a connection that is closed at once, "lost" for one that is closed after
    the request was carried out, or the message of an error.
    """

    projects: set[str] = field(default_factory=set)
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    charts: dict[str, str] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    artifacts: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, list[int | str]] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    mutations: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    url: str = ""

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [view for view in self.views.values() if view["type"] == kind]

    def stream(self, path: str, sent: dict[str, Any]) -> None:
        """Take what a run sends of its history and summary; lines replace those at their place."""
        run = self.runs[path.split("/")[4]]
        for name, part in sent.get("files", {}).items():
            lines = run["lines"].setdefault(name, [])
            lines[part["offset"] : part["offset"] + len(part["content"])] = part["content"]
        if sent.get("complete"):
            run["state"] = "finished"

    def failure(self, document: str) -> int | str | None:
        """Take the next failure of the field that a document asks for."""
        for name, queue in self.failures.items():
            if re.search(rf"\b{name}\b *[({{]", document) and queue:
                failure = queue.pop(0)
                return None if failure == 200 else failure
        return None

    def answer(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        result = graphql_sync(SCHEMA, document, Root(self), variable_values=variables)
        errors = [str(error) for error in result.errors or ()]
        self.invalid += [str(error) for error in result.errors or () if not error.path]
        answer: dict[str, Any] = {"data": result.data}
        return answer | {"errors": [{"message": one} for one in errors]} if errors else answer


class Root:
    """The resolvers: graphql-core asks the root for a field by its name."""

    def __init__(self, server: Loopback) -> None:
        self.server = server

    def viewer(self, _: Any) -> dict[str, Any]:
        return {"id": "user", "entity": ENTITY, "username": ENTITY, "name": "", "flags": "{}"}

    def serverInfo(self, _: Any) -> dict[str, Any]:  # noqa: N802 (W&B's name)
        return {"features": []}

    def _project(self, name: str) -> dict[str, Any]:
        def all_views(_: Any, viewType: str, viewName: str | None = None, **__: Any) -> Any:
            views = self.server.of_type(viewType)
            found = [view for view in views if viewName in (None, view["name"])]
            edges = [{"node": view, "cursor": view["id"]} for view in found]
            return {"edges": edges, "pageInfo": {"hasNextPage": False}}

        known = {"id": name, "internalId": "1", "name": name, "entityName": ENTITY}
        known |= {"createdAt": "2025-01-01T00:00:00", "isBenchmark": False}
        return {**known, "allViews": all_views, **self._runs()}

    def _runs(self) -> dict[str, Any]:
        def runs(_: Any, filters: str = "{}", **__: Any) -> dict[str, Any]:
            wanted = json.loads(filters).items()
            found = [run for run in self.server.runs.values() if wanted <= run.items()]
            edges = [{"node": self._run(run), "cursor": run["name"]} for run in found]
            return {"edges": edges, "pageInfo": {"hasNextPage": False}}

        def run(_: Any, name: str) -> dict[str, Any] | None:
            return self._run(self.server.runs[name]) if name in self.server.runs else None

        return {"runs": runs, "run": run, "readOnly": False, "runCount": len(self.server.runs)}

    def _run(self, run: dict[str, Any]) -> dict[str, Any]:
        lines = run["lines"].get("wandb-history.jsonl", [])

        def history(_: Any, minStep: int = 0, maxStep: int = 2**31, **__: Any) -> list[str]:
            return [line for line in lines if minStep <= json.loads(line)["_step"] < maxStep]

        keys = {"lastStep": json.loads(lines[-1])["_step"] if lines else -1, "keys": {}}
        summary = run["lines"].get("wandb-summary.json", ["{}"])[0]
        counted = {"historyLineCount": len(lines), "historyKeys": keys, "history": history}
        return {
            **{key: value for key, value in run.items() if key != "lines"},
            "group": run.get("groupName"),
            **counted,
            "summaryMetrics": summary,
            "projectId": "1",
            "systemMetrics": "{}",
            "parquetHistory": None,
            "createdAt": "2025-01-01T00:00:00",
            "user": {"name": ENTITY, "username": ENTITY},
        }

    def upsertBucket(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        self.server.mutations.append("upsertBucket")
        project, name = input["modelName"], input["name"]
        self.server.projects.add(project)
        if name in self.server.deleted:
            raise GraphQLError(f"run {name} was previously created and deleted")
        inserted = name not in self.server.runs
        run = self.server.runs.setdefault(name, {"id": name, "name": name, "lines": {}})
        given = {key: value for key, value in input.items() if value is not None and key != "id"}
        run |= {"state": "running", **given}
        entity = {"id": "entity", "name": given.get("entityName", ENTITY)}
        bucket = {**self._run(run), "project": {"id": "p", "name": project, "entity": entity}}
        return {"bucket": bucket, "inserted": inserted}

    def deleteRun(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        self.server.mutations.append("deleteRun")
        del self.server.runs[input["id"]]
        self.server.deleted.add(input["id"])
        return {}

    def createArtifact(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        """Take an artifact by its digest, as W&B does with files that it has already."""
        versions = self.server.artifacts.setdefault(input["artifactCollectionName"], [])
        if input["digest"] not in versions:
            versions.append(input["digest"])
        sequence = {"latestArtifact": None}
        return {"artifact": {"id": "a", "state": "COMMITTED", "artifactSequence": sequence}}

    def createRunFiles(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        url = f"{self.server.url}/upload/{input['runName']}"
        files = [{"name": name, "uploadUrl": f"{url}/{name}"} for name in input["files"]]
        return {"runID": input["runName"], "uploadHeaders": [], "files": files}

    def project(self, _: Any, name: str, entityName: str) -> dict[str, Any] | None:
        return self._project(name) if name in self.server.projects else None

    def models(self, _: Any, **__: Any) -> dict[str, Any]:
        edges = [{"node": self._project(name), "cursor": name} for name in self.server.projects]
        return {"edges": edges, "pageInfo": {"hasNextPage": False}}

    def upsertView(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        self.server.mutations.append("upsertView")
        json.loads(input["spec"])
        same = [view["id"] for view in self.server.views.values() if view["name"] == input["name"]]
        key = input.get("id") or next(iter(same), f"view{len(self.server.views)}")
        if input.get("id") and key not in self.server.views:
            raise GraphQLError("view not found")
        inserted = key not in self.server.views
        project = self._project(input["projectName"])
        self.server.views[key] = {**input, "id": key, "project": project}
        return {"view": self.server.views[key], "inserted": inserted}

    def createCustomChart(self, _: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002, N802
        self.server.mutations.append("createCustomChart")
        name = f"{input['entity']}/{input['name']}"
        if name in self.server.charts:
            raise GraphQLError("custom chart already exists")
        self.server.charts[name] = input["spec"]
        return {"chart": {"id": name}}


@contextmanager
def serving(state: Loopback) -> Iterator[Loopback]:
    """Serve on a free port of loopback until the block is through."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._reply(404, {})

        def do_POST(self) -> None:
            body = self._body().decode(errors="replace")
            state.bodies.append(f"{self.headers}{body}")
            if self.path.endswith("/file_stream"):
                state.stream(self.path, json.loads(body))
                self._reply(200, {})
                return
            if self.path != "/graphql":  # the client's own measurements
                self._reply(200, {})
                return
            asked = json.loads(body)
            failure = state.failure(asked["query"])
            if failure == "cut":
                self._cut()
            elif isinstance(failure, int):
                self._reply(failure, {"errors": [{"message": "refused"}]})
            elif failure not in (None, "lost"):
                self._reply(200, {"data": None, "errors": [{"message": failure}]})
            else:
                answer = state.answer(asked["query"], asked.get("variables") or {})
                self._cut() if failure else self._reply(200, answer)

        def do_PUT(self) -> None:
            state.files[self.path.removeprefix("/upload/")] = self._body()
            self._reply(200, {})

        def _body(self) -> bytes:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            return gzip.decompress(body) if zipped else body

        def _cut(self) -> None:
            """Reset the connection, as when a cable is pulled, in place of an orderly end."""
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def _reply(self, status: int, content: Any) -> None:
            payload = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
