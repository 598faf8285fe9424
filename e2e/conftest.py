"""Servers and clients for the tests. A server of the whole run has to live to its end."""

import resource

import pytest

import clients
import databases
from certificates import Certificates
from server import BINARY, Server

_, FILES = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))

PROTOCOLS = ["http/1.1", "h2c", "https/1.1", "h2"]
_running = []


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is missing; `make build` makes it", returncode=2)


def pytest_sessionfinish(session):
    databases.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for server in _running:
            report.sections.append((f"log of the server on port {server.port}", server.log_tail()))
    return report


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


def _serve(folder, **settings):
    server = Server(folder, **settings).start()
    _running.append(server)
    return server


def _end(server):
    _running.remove(server)
    try:
        assert server.is_running, f"the server died:\n{server.log_tail()}"
        assert server.stop() == 0, f"the server did not end well:\n{server.log_tail()}"
    finally:
        server.kill()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server in clear text, shared by all tests that do it no harm."""
    server = _serve(tmp_path_factory.mktemp("plain"))
    yield server
    _end(server)


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory, certificates):
    """The same behind TLS."""
    server = _serve(tmp_path_factory.mktemp("tls"), certificates=certificates, **certificates.settings())
    yield server
    _end(server)


@pytest.fixture
def start(tmp_path):
    """Starts servers that belong to one test, which may stop them itself."""
    started = []

    def start(**settings):
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        server = _serve(folder, **settings)
        started.append(server)
        return server

    yield start
    for server in started:
        _running.remove(server)
        server.kill()


@pytest.fixture(autouse=True)
def servers_survive(request):
    """Whatever a test does to a shared server, that server is still there afterwards; if not, the next test gets one."""
    yield
    for name in {"server", "tls_server"} & set(request.fixturenames):
        shared = request.getfixturevalue(name)
        if not shared.is_running:
            log = shared.log_tail()
            shared.start()
            pytest.fail(f"the server died with {shared.ended_with}:\n{log}")


@pytest.fixture(params=PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture
def protocol_server(protocol, request):
    """The server that speaks a protocol."""
    return request.getfixturevalue("tls_server" if protocol in ("https/1.1", "h2") else "server")


@pytest.fixture(params=[clients.Curl, clients.Httpx], ids=["curl", "httpx"])
def client(request, protocol, protocol_server):
    """Each client over each protocol."""
    client = request.param(protocol_server, "1.1" if protocol.endswith("1.1") else "2")
    yield client
    client.close()
