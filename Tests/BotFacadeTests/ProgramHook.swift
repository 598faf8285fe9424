import Base
import HTTPServer
import Reactor
import StoreTesting
import Synchronization
import Testing
import Wire

/// A program's webhook, which answers as a test tells it.
final class ProgramHook: Sendable {
    struct Arrival: Sendable {
        let secret: String?
        let text: String?
        let chat: Int64?
        let json: JSONValue
        let at: MonotonicNanoseconds
    }

    typealias Answer = @Sendable (_ number: Int, _ arrival: Arrival) async throws -> Response

    private let server: HTTPServer
    private let arrivals: Shared
    let url: String

    private final class Shared: Sendable {
        let list = Mutex<[Arrival]>([])
    }

    private init(_ answer: @escaping Answer) async throws {
        let arrivals = Shared()
        let route = Route(.post, "/hook", .open, rate: .unlimited) { request in
            let json = JSONValue(try JSON.parse(try await request.body.collect(max: 1 << 20)).root)
            let arrival = Arrival(
                secret: request.fields["x-telegram-bot-api-secret-token"],
                text: json["message"]?["text"]?.string, chat: json["message"]?["chat"]?["id"]?.int64,
                json: json, at: EventLoop.clock())
            let number = arrivals.list.withLock { list in
                list.append(arrival)
                return list.count
            }
            return try await answer(number, arrival)
        }
        self.arrivals = arrivals
        server = HTTPServer(
            addresses: [try #require(SocketAddress("127.0.0.1:0"))], on: try TestLoops.shared.get(),
            router: Router([route]))
        try await server.start()
        url = "http://\(try #require(server.listening.first))/hook"
    }

    /// What has come so far.
    var all: [Arrival] { arrivals.list.withLock { $0 } }
    var texts: [String] { all.compactMap(\.text) }

    /// Lends one; without an answer everything is taken.
    static func open(
        _ answer: @escaping Answer = { _, _ in Response() }, _ body: (ProgramHook) async throws -> Void
    ) async throws {
        let hook = try await ProgramHook(answer)
        do { try await body(hook) } catch {
            _ = await hook.server.stop(by: EventLoop.clock() + 1_000_000_000)
            throw error
        }
        _ = await hook.server.stop(by: EventLoop.clock() + 1_000_000_000)
    }
}
