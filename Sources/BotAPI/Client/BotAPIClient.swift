package import Base
internal import HTTPClient
package import Reactor
internal import Wire

/// Calls the Bot API of Telegram, of a local server or of the simulator, for any number of bots.
///
/// A token stands in the URLs that go out and nowhere else: not in an error, a log line or a metric. Nothing is
/// repeated here; errors say whether repeating could double something.
package final class BotAPIClient: Sendable {
    private let base: String
    private let loops: EventLoopGroup
    private let clients: HTTPClientGroup
    private let metrics: BotAPIMetrics

    /// Pieces of a file that wait for a slow reader, or of an answer.
    private static let readAheadBytes = 64 << 10

    /// A client of the server at `base`.
    package init(_ base: WebAddress, on loops: EventLoopGroup, metrics: Metrics = Metrics()) throws {
        var settings = HTTPClientSettings()
        // A thousand bots poll at once, each on a connection of its own, and must leave room for sending.
        settings.connectionsPerHostMax = 2048
        settings.connectionsMax = 2048
        settings.idleConnectionsMax = 1024
        settings.readAheadBytes = Self.readAheadBytes
        self.base = base.description
        self.loops = loops
        self.metrics = BotAPIMetrics(metrics)
        clients = try HTTPClientGroup(on: loops, settings)
    }

    /// Calls a method and waits for Telegram's answer.
    package func call(
        _ method: String, _ body: BotAPIBody = .none, as token: BotToken, timeout: Duration = .seconds(30)
    ) async throws(BotAPIError) -> BotAPIAnswer {
        try await ask(method, body, as: token, timeout: timeout).answer
    }

    /// Calls a method; gives the answer and a view of its `result`.
    func ask(
        _ method: String, _ body: BotAPIBody = .none, as token: BotToken, timeout: Duration = .seconds(30)
    ) async throws(BotAPIError) -> (answer: BotAPIAnswer, result: JSONView) {
        let start = Clocks.system.moment
        let client = client(for: token)
        guard let method = BotMethod(method) else {
            metrics.count(nil, .badCall, .zero, shard: client.loop.index)
            throw BotAPIError(.badCall, "not the name of a method")
        }
        do throws(BotAPIError) {
            let request = request(method, body, as: token, timeout: timeout)
            let response: HTTPClientResponse
            do throws(HTTPClientError) { response = try await client.send(request) } catch {
                throw BotAPIError(error)
            }
            let result = try AnswerReader(token: token).read(
                status: response.status, response.fields, response.body)
            metrics.count(method, nil, Clocks.system.moment - start, shard: client.loop.index)
            return result
        } catch {
            metrics.count(method, error.code, Clocks.system.moment - start, shard: client.loop.index)
            throw error
        }
    }

    /// Ends what is under way with `cancelled` and closes the connections.
    package func shutdown() async { await clients.shutdown() }

    /// The address of a file.
    func address(_ path: Bytes, as token: BotToken) -> String {
        "\(base)/file/bot\(token.reveal())/\(path)"
    }

    /// The client of the loop that asks, so that nothing hops; else one that a bot always has.
    func client(for token: BotToken) -> HTTPClient {
        let loop = loops.loops.first { $0.isCurrent } ?? loops.loops[Int(token.botID) % loops.loops.count]
        return clients.client(on: loop)
    }

    private func request(
        _ method: BotMethod, _ body: BotAPIBody, as token: BotToken, timeout: Duration
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(.post, "\(base)/bot\(token.reveal())/\(method.name)")
        switch body {
        case .none: break
        case .json(let json):
            request.fields.append("content-type", "application/json")
            request.body = .bytes(json)
        case .raw(let bytes, let contentType):
            request.fields.append("content-type", contentType)
            request.body = .bytes(bytes)
        case .stream(let contentType, let length, let next):
            request.fields.append("content-type", contentType)
            request.body = .stream(length: length, next: next)
        }
        // A call must never share the connection of a long poll, nor wait to learn whether it could.
        request.version = .http1
        request.timeout = timeout
        request.connectTimeout = min(timeout, .seconds(10))
        request.bodyBytesMax = AnswerReader.bytesMax
        request.decompresses = true
        request.mayRepeat = method.isRepeatable
        return request
    }
}
