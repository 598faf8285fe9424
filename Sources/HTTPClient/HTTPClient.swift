internal import Base
package import Reactor

/// An HTTP/1.1 and HTTP/2 client on one event loop, with connections of its own.
///
/// It may be used from anywhere. It keeps no cookies, reads no environment, and follows redirects only where a request asks for it. Shut it down
/// before its loop ends.
package final class HTTPClient: Sendable {
    private let multi: CurlMulti

    /// A client whose work is done on `loop`.
    package init(on loop: EventLoop, _ settings: HTTPClientSettings = HTTPClientSettings())
        throws(HTTPClientError)
    {
        multi = try CurlMulti(on: loop, settings: settings)
    }

    deinit { multi.loop.execute { [multi] in multi.shutdown() } }

    /// The loop that its connections live on.
    package var loop: EventLoop { multi.loop }

    /// Sends a request and collects the answer.
    ///
    /// Cancelling the task ends the exchange.
    package func send(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        try await HTTPClientExchange(request, on: multi, collects: true).collect()
    }

    /// Sends a request and lends the exchange; what is left of it when `body` returns is cut off.
    package func exchange<R>(
        _ request: HTTPClientRequest, _ body: (HTTPClientExchange) async throws -> R
    ) async throws -> R {
        let exchange = HTTPClientExchange(request, on: multi, collects: false)
        await exchange.start()
        do {
            try await exchange.sendStream()
            let result = try await body(exchange)
            await exchange.cancel()
            return result
        } catch {
            await exchange.cancel()
            throw error
        }
    }

    /// Ends what is under way with `cancelled` and closes the connections.
    package func shutdown() async {
        await multi.loop.run { [multi] in multi.shutdown() }
    }

    /// What is under way, and how many sockets are watched.
    package func load() async -> (requests: Int, sockets: Int) {
        await multi.loop.run { [multi] in (multi.transferCount, multi.socketCount) }
    }
}
