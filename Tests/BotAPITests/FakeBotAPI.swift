import BotAPI
import Base
import HTTPServer
import Reactor
import Synchronization
import Testing
import Wire

/// A call as it came over the wire.
struct FakeCall: Sendable {
    let path: String
    let body: Bytes
    let fields: HeaderFields
}

/// A server on a free loopback port that answers every path as a test tells it, and a client of it.
final class FakeBotAPI: Sendable {
    static let token = BotToken("42:AAFake-Token_0123456789")
    private static let loops = Result { try EventLoopGroup(count: 2) }

    let client: BotAPIClient
    let metrics = Metrics()
    private let server: HTTPServer
    private let seen = Mutex<[FakeCall]>([])
    private let answer: @Sendable (FakeCall) async throws -> Response

    private init(_ answer: @escaping @Sendable (FakeCall) async throws -> Response) async throws {
        let loops = try Self.loops.get()
        let address = try #require(SocketAddress("127.0.0.1:0"))
        let hook = Mutex<FakeBotAPI?>(nil)
        let routes = [HTTPMethod.get, .post].map { method in
            Route(method, "/{path...}", .open) { request in
                guard let fake = hook.withLock({ $0 }) else { throw APIError(.notFound) }
                let call = FakeCall(
                    path: request.target.repairedText, body: try await request.body.collect(max: 32 << 20),
                    fields: request.fields)
                fake.seen.withLock { $0.append(call) }
                return try await fake.answer(call)
            }
        }
        self.answer = answer
        var limits = ServerLimits()
        limits.idleGrace = .milliseconds(1)
        server = HTTPServer(addresses: [address], on: loops, router: Router(routes), limits: limits)
        try await server.start()
        let listening = try #require(server.listening.first)
        let base = try #require(WebAddress("http://\(listening)"))
        client = try BotAPIClient(base, on: loops, metrics: metrics)
        hook.withLock { $0 = self }
    }

    var calls: [FakeCall] { seen.withLock { $0 } }

    static func open(
        _ answer: @escaping @Sendable (FakeCall) async throws -> Response,
        _ body: (FakeBotAPI) async throws -> Void
    ) async throws {
        let fake = try await FakeBotAPI(answer)
        do { try await body(fake) } catch {
            await fake.close()
            throw error
        }
        await fake.close()
    }

    /// Answers every call with this.
    static func open(
        _ json: String, status: Int = 200, fields: HeaderFields = HeaderFields(),
        _ body: (FakeBotAPI) async throws -> Void
    ) async throws {
        try await open({ _ in FakeBotAPI.json(json, status: status, fields: fields) }, body)
    }

    static func json(_ json: String, status: Int = 200, fields: HeaderFields = HeaderFields()) -> Response {
        Response(status: HTTPStatus(status), fields: fields, body: .bytes(Bytes(json)))
    }

    /// The error that a call ends with.
    func failure(
        _ method: String = "sendMessage", _ body: BotAPIBody = .json(#"{"chat_id":1}"#),
        timeout: Duration = .seconds(30)
    ) async throws -> BotAPIError {
        let token = try #require(Self.token)
        do throws(BotAPIError) {
            _ = try await client.call(method, body, as: token, timeout: timeout)
        } catch {
            return error
        }
        Issue.record("the call was answered")
        throw CancellationError()
    }

    private func close() async {
        await client.shutdown()
        _ = await server.stop(by: EventLoop.clock() + 1_000_000_000)
    }
}
