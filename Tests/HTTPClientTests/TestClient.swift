import Foundation
import HTTPClient
import Reactor
import Testing

/// Loops for all tests of this module; they end with the process.
private let loops = Result { try EventLoopGroup(count: 2) }

/// Lends a client on one of the loops and shuts it down afterwards.
func withClient<R>(
    _ settings: HTTPClientSettings = HTTPClientSettings(), _ body: (HTTPClient) async throws -> R
) async throws -> R {
    let client = try HTTPClient(on: loops.get().next(), settings)
    do {
        let result = try await body(client)
        await client.shutdown()
        return result
    } catch {
        await client.shutdown()
        throw error
    }
}

/// Lends a server that answers each request of a connection by `answer`, and a client.
func withServer<R>(
    _ settings: HTTPClientSettings = HTTPClientSettings(),
    answer: @escaping @Sendable (TestConnection, TestRequest) -> Void,
    _ body: (TestServer, HTTPClient) async throws -> R
) async throws -> R {
    try await withServer(
        settings,
        serve: { connection in while let request = connection.request() { answer(connection, request) } },
        body)
}

/// Lends a server that serves each connection by `serve`, and a client.
func withServer<R>(
    _ settings: HTTPClientSettings = HTTPClientSettings(),
    serve: @escaping @Sendable (TestConnection) -> Void,
    _ body: (TestServer, HTTPClient) async throws -> R
) async throws -> R {
    let server = try TestServer(serve)
    defer { server.stop() }
    return try await withClient(settings) { try await body(server, $0) }
}

/// The error that sending ends with.
func sendFailure(_ client: HTTPClient, _ request: HTTPClientRequest) async -> HTTPClientError? {
    do throws(HTTPClientError) {
        let response = try await client.send(request)
        Issue.record("answered with \(response.status)")
        return nil
    } catch {
        return error
    }
}
