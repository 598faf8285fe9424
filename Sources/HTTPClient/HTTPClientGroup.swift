package import Reactor

/// One client for each loop of a group.
package struct HTTPClientGroup: Sendable {
    private let clients: [HTTPClient]

    /// Makes the clients; the settings' limits are for each of them.
    package init(
        on loops: EventLoopGroup, _ settings: HTTPClientSettings = HTTPClientSettings()
    ) throws(HTTPClientError) {
        var clients: [HTTPClient] = []
        for loop in loops.loops { clients.append(try HTTPClient(on: loop, settings)) }
        self.clients = clients
    }

    /// The client of a loop of the group: what an actor on that loop uses, so that nothing hops.
    package func client(on loop: EventLoop) -> HTTPClient { clients[loop.index] }

    /// Shuts all of them down.
    package func shutdown() async {
        for client in clients { await client.shutdown() }
    }
}
