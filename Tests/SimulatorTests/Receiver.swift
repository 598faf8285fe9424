import Base
import HTTPServer
import Reactor
import Synchronization
import Testing
import Wire

/// A webhook's other side, which answers as a test tells it.
final class Receiver: Sendable {
    struct Arrival: Sendable {
        let secret: String?
        let type: String?
        let json: JSONValue
        var text: String? { json["message"]?["text"]?.string }
    }

    typealias Answer = @Sendable (_ number: Int, _ arrival: Arrival) async throws -> Response

    private let server: HTTPServer
    let url: String

    private init(_ group: EventLoopGroup, _ answer: @escaping Answer) async throws {
        let arrivals = Shared()
        let route = Route(.post, "/hook", .open, rate: .unlimited) { request in
            let body = try await request.body.collect(max: 1 << 20)
            let arrival = Arrival(
                secret: request.fields["x-telegram-bot-api-secret-token"],
                type: request.fields["content-type"],
                json: JSONValue(try JSON.parse(body).root))
            return try await answer(arrivals.add(arrival), arrival)
        }
        shared = arrivals
        let address = try #require(SocketAddress("127.0.0.1:0"))
        server = HTTPServer(addresses: [address], on: group, router: Router([route]))
        try await server.start()
        url = "http://\(try #require(server.listening.first))/hook"
    }

    private let shared: Shared

    private final class Shared: Sendable {
        let list = Mutex<[Arrival]>([])
        func add(_ arrival: Arrival) -> Int {
            list.withLock {
                $0.append(arrival)
                return $0.count
            }
        }
    }

    /// What has come so far.
    var all: [Arrival] { shared.list.withLock { $0 } }
    var texts: [String] { all.compactMap(\.text) }

    /// Lends a receiver; without an answer everything is taken.
    static func open(
        on group: EventLoopGroup, _ answer: @escaping Answer = { _, _ in Response() },
        _ body: (Receiver) async throws -> Void
    ) async throws {
        let receiver = try await Receiver(group, answer)
        do { try await body(receiver) } catch {
            _ = await receiver.server.stop(by: EventLoop.clock() + 1_000_000_000)
            throw error
        }
        _ = await receiver.server.stop(by: EventLoop.clock() + 1_000_000_000)
    }
}
