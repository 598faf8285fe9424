"""Holds many kept-alive connections that have each made one request."""

import socket
import time

CONNECTIONS_PER_ADDRESS = 250


def open_connections(server, path, count):
    """Connections from as many addresses of loopback as keep any limit per address out of the picture."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    clients = []
    try:
        for number in range(count):
            address = f"127.0.{1 + number // CONNECTIONS_PER_ADDRESS}.1"
            client = socket.create_connection(("127.0.0.1", server.port), 10, source_address=(address, 0))
            clients.append(client)
            client.sendall(request)
            answer = client.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{server.name}, connection {number}: {answer[:100]!r}")
    except BaseException:
        close(clients)
        raise
    return clients


def close(clients):
    for client in clients:
        client.close()


def memory_per_connection(server, path, count):
    """Resident bytes that one idle connection costs the server."""
    warm = open_connections(server, path, 100)
    close(warm)
    time.sleep(0.5)
    before = server.rss_bytes()
    clients = open_connections(server, path, count)
    try:
        time.sleep(1)
        return (server.rss_bytes() - before) / count
    finally:
        close(clients)
