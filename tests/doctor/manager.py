"""A manager on loopback that answers as the recorded PBX did; for whole commands."""

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.doctor.seeds import REPLIES

SECRET = "right"


def _text(frames: list[dict[str, str]], action_id: str) -> bytes:
    blocks = []
    for frame in frames:
        first, *rest = frame.items()
        lines = [first, ("ActionID", action_id), *rest]
        blocks.append("".join(f"{key}: {value}\r\n" for key, value in lines) + "\r\n")
    return "".join(blocks).encode()


@contextmanager
def manager(name: str) -> Iterator[int]:
    """Its port. Logs in whoever sends `SECRET` in plain; unknown actions are refused."""
    recorded = json.loads((REPLIES / f"{name}.json").read_text())
    replies = {tuple(sorted(one["action"].items())): one["frames"] for one in recorded}

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"Asterisk Call Manager/11.0.0\r\n")
            fields: dict[str, str] = {}
            for line in self.rfile:
                key, _, value = line.decode().strip().partition(": ")
                if key:
                    fields[key] = value
                elif fields:
                    self.wfile.write(_text(self.reply(fields), fields.pop("ActionID")))
                    fields = {}

        def reply(self, fields: dict[str, str]) -> list[dict[str, str]]:
            asked = {key: value for key, value in fields.items() if key != "ActionID"}
            if asked["Action"] == "Login":
                right = asked.get("Secret") == SECRET
                message = "Authentication accepted" if right else "Authentication failed"
                return [{"Response": "Success" if right else "Error", "Message": message}]
            if asked["Action"] == "Ping":
                return [{"Response": "Success", "Ping": "Pong", "Timestamp": f"{time.time():.6f}"}]
            refused = [{"Response": "Error", "Message": "Permission denied"}]
            found: list[dict[str, str]] = replies.get(tuple(sorted(asked.items())), refused)
            return found

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Talk) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
