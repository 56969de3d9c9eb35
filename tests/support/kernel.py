"""A notebook kernel driven as JupyterLab drives it: REST to start it, a WebSocket to run cells."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from websockets.sync.client import connect


@dataclass
class CellResult:
    """What one cell printed and showed, and its error, if any."""

    text: str = ""
    shown: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""


class Kernel:
    """One kernel of a running workspace. `base` is the workspace's address, e.g. http://host/user/a/project; `name` the
    kernel's, `python3` or `ir`."""

    def __init__(self, client: httpx.Client, base: str, name: str = "python3") -> None:
        self._client, self._base, self._name = client, base.rstrip("/"), name

    def __enter__(self) -> Self:
        self._client.get(f"{self._base}/lab")  # signs this browser in to the workspace and sets its XSRF cookie
        started = self._client.post(f"{self._base}/api/kernels", json={"name": self._name}, headers=self._xsrf())
        assert started.status_code == 201, (started.status_code, started.text[:500])
        self.id = started.json()["id"]
        self._open = ExitStack()
        self.socket = self._open.enter_context(self._connect())
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._client.delete(f"{self._base}/api/kernels/{self.id}", headers=self._xsrf())

    def run(self, code: str, seconds: float = 90, *, interrupt_at: str = "") -> CellResult:
        """Run one cell and wait until the kernel is idle again. Once it has said `interrupt_at`, it is interrupted, as
        the Lab's stop button does."""
        message = str(uuid.uuid4())
        header = {"msg_id": message, "msg_type": "execute_request", "username": "", "session": "test", "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "user_expressions": {}}
        self.socket.send(
            json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"})
        )
        result, end = CellResult(), time.monotonic() + seconds
        while True:
            received = json.loads(self.socket.recv(timeout=max(0.1, end - time.monotonic())))
            if received.get("parent_header", {}).get("msg_id") == message and _take(result, received):
                return result
            if interrupt_at and interrupt_at in result.text:
                self._client.post(f"{self._base}/api/kernels/{self.id}/interrupt", headers=self._xsrf())
                interrupt_at = ""

    def _connect(self) -> Any:
        address = self._base.replace("http", "ws", 1) + f"/api/kernels/{self.id}/channels"
        origin = str(httpx.URL(self._base).copy_with(path="/")).rstrip("/")
        return connect(address, additional_headers={"Cookie": self._cookies(address)}, origin=origin, max_size=2**25)

    def _cookies(self, address: str) -> str:
        request = self._client.build_request("GET", address.replace("ws", "http", 1))
        return str(request.headers.get("cookie", ""))

    def _xsrf(self) -> dict[str, str]:
        held = [
            c.value for c in self._client.cookies.jar if c.name == "_xsrf" and self._base.endswith(c.path.rstrip("/"))
        ]
        return {"X-XSRFToken": str(held[-1])} if held else {}


def _take(result: CellResult, message: dict[str, Any]) -> bool:
    """Add one message to the result; True when the cell is done."""
    kind, content = message["header"]["msg_type"], message["content"]
    if kind == "stream":
        result.text += content["text"]
    elif kind in {"execute_result", "display_data"}:
        result.shown.append(content["data"])
        result.text += content["data"].get("text/plain", "") + "\n"
    elif kind == "error":
        result.error = content["ename"] + ": " + "\n".join(content["traceback"])
    return kind == "status" and content["execution_state"] == "idle"
