import BotAPI
import Base
import HTTPServer
import Reactor
import Synchronization
import Testing
import Wire

/// A call as Telegram sees it.
struct Call: Sendable {
    let bot: Int64
    let method: String
    let body: Bytes
    let type: String?
    let at: MonotonicNanoseconds
    /// Which one it is, from 1.
    let number: Int

    var json: JSONValue { (try? JSONValue(JSON.parse(body).root)) ?? .null }
    var text: String? { json["text"]?.string }
    var chat: Int64? { json["chat_id"]?.int64 }
}

/// A Bot API server over real sockets that answers as a test tells it; by default it takes every message.
final class FakeTelegram: Sendable {
    typealias Answer = @Sendable (Call) async throws -> Response

    let client: BotAPIClient
    /// Where it listens.
    var place: String { server.listening.first.map { "\($0)" } ?? "" }
    private let server: HTTPServer
    private let state = Mutex(State())

    private struct State {
        var calls: [Call] = []
        var answer: Answer = { FakeTelegram.message($0) }
    }

    private init(_ loops: EventLoopGroup, _ hook: Hook, at place: String) async throws {
        let address = try #require(SocketAddress(place))
        let routes = [
            Route(.post, "/{bot}/{method}", .open) { request in
                guard let telegram = hook.telegram.withLock({ $0 }) else { throw APIError(.notFound) }
                return try await telegram.answer(request)
            }
        ]
        var limits = ServerLimits()
        limits.idleGrace = .milliseconds(1)
        server = HTTPServer(addresses: [address], on: loops, router: Router(routes), limits: limits)
        try await server.start()
        let listening = try #require(server.listening.first)
        let base = try #require(WebAddress("http://\(listening)"))
        client = try BotAPIClient(base, on: loops)
        hook.telegram.withLock { $0 = self }
    }

    private final class Hook: Sendable {
        let telegram = Mutex<FakeTelegram?>(nil)
    }

    static func open(
        at place: String = "127.0.0.1:0", _ body: (FakeTelegram) async throws -> Void
    ) async throws {
        let telegram = try await FakeTelegram(TestLoops.shared.get(), Hook(), at: place)
        do { try await body(telegram) } catch {
            await telegram.close()
            throw error
        }
        await telegram.close()
    }

    /// What it was called with, in order.
    var calls: [Call] { state.withLock { $0.calls } }

    /// How it answers from now on.
    func answers(_ answer: @escaping Answer) { state.withLock { $0.answer = answer } }

    private func answer(_ request: Request) async throws -> Response {
        let bot = request.parameters["bot"].dropFirst(3).split(separator: ":").first.flatMap { Int64($0) }
        let body = try await request.body.collect(max: 32 << 20)
        let (call, answer) = state.withLock { state in
            let call = Call(
                bot: bot ?? 0, method: request.parameters["method"], body: body,
                type: request.fields["content-type"], at: EventLoop.clock(), number: state.calls.count + 1)
            state.calls.append(call)
            return (call, state.answer)
        }
        return try await answer(call)
    }

    private func close() async {
        await client.shutdown()
        _ = await server.stop(by: EventLoop.clock() + 1_000_000_000)
    }

    // MARK: Answers

    /// The message that was sent, with the call's number as its own.
    static func message(_ call: Call) -> Response {
        json(
            #"{"ok":true,"result":{"message_id":\#(call.number),"chat":{"id":\#(call.chat ?? 0)},"text":"\#(call.text ?? "")"}}"#
        )
    }

    static func json(_ json: String, status: Int = 200) -> Response {
        Response(status: HTTPStatus(status), body: .bytes(Bytes(json)))
    }

    static func refusal(_ code: Int, _ text: String, _ parameters: String? = nil) -> Response {
        let parameters = parameters.map { #","parameters":\#($0)"# } ?? ""
        return json(
            #"{"ok":false,"error_code":\#(code),"description":"\#(text)"\#(parameters)}"#, status: code)
    }
}

/// Loops for all tests of this module; they end with the process.
enum TestLoops {
    static let shared = Result { try EventLoopGroup(count: 2) }
}
