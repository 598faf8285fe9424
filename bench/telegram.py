"""Just enough of the Bot API for a bot to be registered: the benchmark learns the secret with which updates are delivered."""

import http.server
import json
import threading


class Telegram(http.server.ThreadingHTTPServer):
    """Answers getMe and the calls about webhooks, and keeps the secret that it was given."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.webhook = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        method = self.path.rpartition("/")[2]
        result = True
        if method == "getMe":
            result = {"id": 42, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
        elif method == "setWebhook":
            self.server.webhook = json.loads(body)
        elif method == "getWebhookInfo":
            result = {"url": self.server.webhook.get("url", ""), "pending_update_count": 0}
        answer = json.dumps({"ok": True, "result": result}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST
