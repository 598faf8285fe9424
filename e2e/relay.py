"""What stands between a simulator and a gateway: it sees every delivery, its secret, and what became of it."""

import http.server
import threading

import httpx


class Relay:
    """Passes deliveries on to the gateway; what the gateway answered 200 is in `taken`, by bot and update."""

    def __init__(self):
        self.target = None
        self.secrets = {}
        self.taken = []
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, answer, fields = relay.pass_on(self.path, self.headers, body)
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            request_queue_size = 128

            def handle_error(self, *_):
                pass

        self.server = Listener(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.client = httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits(max_connections=None))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on(self, path, headers, body):
        name = path.rsplit("/", 1)[1]
        secret = headers["x-telegram-bot-api-secret-token"]
        self.secrets[name] = secret
        try:
            answer = self.client.post(self.target.url(path), content=body, headers={
                "x-telegram-bot-api-secret-token": secret, "content-type": "application/json"})
        except httpx.HTTPError:
            return 502, b"{}", {}
        if answer.status_code == 200:
            self.taken.append((name, body))
        retry = answer.headers.get("retry-after")
        return answer.status_code, answer.content, {"retry-after": retry} if retry else {}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.client.close()
