"""W&B's API on loopback: documents are checked against a schema, views kept as W&B keeps them."""

from __future__ import annotations

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
    failures: dict[str, list[int | str]] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    mutations: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    url: str = ""

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [view for view in self.views.values() if view["type"] == kind]

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
        return {**known, "allViews": all_views}

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
            body = self.rfile.read(int(self.headers["Content-Length"])).decode(errors="replace")
            state.bodies.append(f"{self.headers}{body}")
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
