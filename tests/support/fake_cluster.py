"""Stands where a cluster's API listens: pods, secrets, claims, network policies; list, watch, create, delete.

No cluster: "containers" are started on the node that a test brings. Rights are those of images/kubernetes/rights.yaml,
so that a request the gateway has no right to is refused here too.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import yaml
from aiohttp import web

from hub.workspace_image import REPOSITORY

NAMESPACE = "sde-workspaces"
Begin = Callable[[dict[str, Any], dict[str, dict[str, str]]], list[Any]]
VERBS = {"POST": "create", "DELETE": "delete"}


def rights() -> set[tuple[str, str]]:
    """(resource, verb) of the gateway in the namespace of workspaces."""
    documents = yaml.safe_load_all((REPOSITORY / "images" / "kubernetes" / "rights.yaml").read_text())
    [role] = [document for document in documents if document["kind"] == "Role"]
    return {(name, verb) for rule in role["rules"] for name in rule["resources"] for verb in rule["verbs"]}


@dataclass
class FakeCluster:
    """`begin` starts a pod's containers and returns what runs. `loop` is where it answers; others call `tell`."""

    loop: asyncio.AbstractEventLoop
    begin: Begin
    policies: list[dict[str, Any]]
    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    running: dict[str, list[Any]] = field(default_factory=dict)
    version: int = 1
    watchers: list[asyncio.Queue[dict[str, Any] | None]] = field(default_factory=list)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        namespace, kind, name = [*request.path.partition("/namespaces/")[2].split("/"), ""][:3]
        verb = VERBS.get(request.method, "watch" if request.query.get("watch") else "get" if name else "list")
        self.asked.append((kind, verb))
        if namespace != NAMESPACE or (kind, verb) not in rights():
            return _status(403)
        if verb == "watch":
            return await self._watch(request)
        if verb == "list":
            return web.json_response(self._list(kind, request.query.get("labelSelector", "")))
        return await (self._create(kind, request) if verb == "create" else self._delete(kind, name))

    def _list(self, kind: str, selector: str) -> dict[str, Any]:
        items = self.policies if kind == "networkpolicies" else [o for (k, _), o in self.objects.items() if k == kind]
        wanted = dict(pair.split("=") for pair in selector.split(",") if pair)
        found = [item for item in items if wanted.items() <= (item["metadata"].get("labels") or {}).items()]
        return {"kind": "List", "metadata": {"resourceVersion": str(self.version)}, "items": found}

    async def _watch(self, request: web.BaseRequest) -> web.StreamResponse:
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self.watchers.append(queue)
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        wanted = dict(pair.split("=") for pair in request.query.get("labelSelector", "").split(",") if pair)
        while (event := await queue.get()) is not None:
            if wanted.items() <= event["object"]["metadata"]["labels"].items():
                await answer.write(json.dumps(event).encode() + b"\n")
        return answer

    async def _create(self, kind: str, request: web.BaseRequest) -> web.StreamResponse:
        made = json.loads(await request.read())
        name = made["metadata"]["name"]
        if (kind, name) in self.objects:
            return _status(409)
        self.version += 1
        made["metadata"] |= {"namespace": NAMESPACE, "uid": f"uid-{name}", "resourceVersion": str(self.version)}
        self.objects[kind, name] = made
        if kind == "pods":
            secrets = {name: o["stringData"] for (k, name), o in self.objects.items() if k == "secrets"}
            self.running[name] = await asyncio.to_thread(self.begin, made, secrets)
            self.tell("ADDED", name)
        return web.json_response(made, status=201)

    def tell(self, what: str, name: str) -> None:
        """Tell watchers how a pod is."""
        pod = self.objects["pods", name]
        statuses = []
        for container, process in zip(pod["spec"]["containers"], self.running[name], strict=True):
            ended = process.poll() is not None
            state = {"terminated": {"exitCode": 0}} if ended else {"running": {}}
            told = {"name": container["name"], "ready": not ended, "state": state}
            statuses.append({**told, "image": container["image"], "imageID": "", "restartCount": 0})
        self.version += 1
        pod["metadata"]["resourceVersion"] = str(self.version)
        pod["status"] = {"phase": "Running", "podIP": "10.0.0.9", "containerStatuses": statuses}
        for queue in self.watchers:
            event = {"type": what, "object": json.loads(json.dumps(pod))}
            self.loop.call_soon_threadsafe(queue.put_nowait, event)

    async def _delete(self, kind: str, name: str) -> web.StreamResponse:
        if (kind, name) not in self.objects:
            return _status(404)
        if kind == "pods":
            await asyncio.to_thread(self.end, name)
            self.tell("DELETED", name)
            del self.running[name]
        del self.objects[kind, name]
        return web.json_response({"kind": "Status", "status": "Success"})

    def end(self, name: str, *which: int) -> None:
        """End containers of a pod: all, or those with these numbers."""
        for number, process in enumerate(self.running.get(name, [])):
            if not which or number in which:
                process.terminate()
                process.wait(10)


def _status(code: int) -> web.Response:
    return web.json_response({"kind": "Status", "message": "refused", "code": code}, status=code)


@contextmanager
def fake_cluster(port: int, begin: Begin, policies: list[dict[str, Any]]) -> Iterator[FakeCluster]:
    """Listening on loopback, in an event loop of its own."""
    loop = asyncio.new_event_loop()
    cluster = FakeCluster(loop, begin, policies)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> web.ServerRunner:
        runner = web.ServerRunner(web.Server(cluster.answer, handler_cancellation=True), shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    runner = asyncio.run_coroutine_threadsafe(listen(), loop).result(20)
    try:
        yield cluster
    finally:
        for name in list(cluster.running):
            cluster.end(name)
        for queue in cluster.watchers:
            loop.call_soon_threadsafe(queue.put_nowait, None)
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
