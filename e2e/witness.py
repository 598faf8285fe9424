"""Another client, who should notice nothing of what is done to the server meanwhile."""

import statistics
import threading
import time

from raw import Raw, get


class Witness(threading.Thread):
    """Asks for something small again and again over new and kept connections, and measures how long it takes."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.start_rss = self.most_rss = server.rss_bytes()
        self.times = []
        self.failures = []
        self.done = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.done.set()
        self.join()
        if kind is None:
            self.check()

    def run(self):
        kept = Raw(self.server, source=("127.9.9.9", 0))
        over = False
        # It asks once more after all is over: a deed may be done before the first answer is in.
        while not over:
            over = self.done.wait(0.01)
            begin = time.perf_counter()
            try:
                self._ask(kept)
                with Raw(self.server, source=("127.9.9.8", 0)) as new:
                    self._ask(new)
            except Exception as error:
                self.failures.append(repr(error))
                return
            self.times.append(time.perf_counter() - begin)
            self.most_rss = max(self.most_rss, self.server.rss_bytes())

    def _ask(self, raw):
        raw.send(get("/bench/json"))
        assert raw.answer().status == 200

    @property
    def growth(self):
        """How many bytes of memory the server took at most since the witness began to look."""
        return max(self.most_rss, self.server.rss_bytes()) - self.start_rss

    def check(self):
        assert not self.failures, self.failures
        assert self.times, "the witness saw nothing"
        # What is done to the server is done by the same machine, which may be busy with other things besides.
        assert statistics.median(self.times) < 0.25, f"median {statistics.median(self.times):.3f} s"
        assert max(self.times) < 5, f"at worst {max(self.times):.3f} s"
