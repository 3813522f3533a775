"""A web process from Python's standard library: answers with its instance, and stops when its requests are done."""

import json
import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Longer than the router keeps an idle connection: never this side closes one under a request.
    timeout = 120

    def do_GET(self):
        found = self.path in ("/", "/health")
        body = json.dumps(
            {
                "instance": os.environ.get("TASUKI_INSTANCE", f"local-{os.getpid()}"),
                "release": os.environ.get("TASUKI_RELEASE", "v0"),
                "language": "python",
            }
            if found
            else {"error": "not found"}
        ).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """The router has a line for each request already."""


class Server(ThreadingHTTPServer):
    # Threads that wait on idle connections must not keep the process alive.
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


def main():
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000")))
    server = Server(address, Handler)
    # shutdown() waits for the loop that the signal interrupts, so it needs a thread of its own.
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"listening on {address[0]}:{address[1]}", flush=True)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
