import Base
import HTTPServer
import Reactor
import Wire

/// The routes that benchmarks and tests of the server itself call.
///
/// They need no authentication, so they are there only where somebody asked for them.
struct BenchRoutes: Sendable {
    private static let bodyMax = 1 << 20
    private let parsers: LoopParsers

    init(loopCount: Int) { parsers = LoopParsers(loopCount: loopCount) }

    var routes: [Route] {
        [
            Route(.get, "/bench/json", .open, rate: .unlimited) { _ in .json(Self.object) },
            // The same as a route like any other, and behind a credential, to see what that costs.
            Route(.get, "/bench/public", .open) { _ in .json(Self.object) },
            Route(.get, "/bench/private", .signedIn) { _ in .json(Self.object) },
            Route(.get, "/bench/large", .open, rate: .unlimited) { _ in .json(Self.large) },
            Route(.post, "/bench/echo", .open, rate: .unlimited) { request in
                if case .complete(let body) = request.body { return try echo(body, request) }
                return try echo(await request.body.collect(max: Self.bodyMax), request)
            },
            Route(.get, "/bench/sse", .open, rate: .unlimited) { request in
                let count = try request.queryNumber("count", in: 0...100_000, absent: 10)
                return EventStream.response(to: request, BenchEvents(count: count))
            },
            Route(.get, "/bench/slow", .open, rate: .unlimited) { request in
                let milliseconds = try request.queryNumber("ms", in: 0...60_000, absent: 100)
                try await request.connection.loop.sleep(for: .milliseconds(milliseconds))
                return Envelope.success(to: request) { $0.object { $0.field("milliseconds", milliseconds) } }
            },
            Route(.post, "/bench/sink", .open, rate: .unlimited) { request in
                var count = 0
                for try await part in request.body.parts { count += part.count }
                return Envelope.success(to: request) { $0.object { $0.field("bytes", count) } }
            },
        ]
    }

    private static let object: Bytes =
        "{\"ok\":true,\"service\":\"heliograph\",\"number\":1234567890,\"x\":null}"

    /// About 200 KiB of what lists of messages look like.
    private static let large: Bytes = {
        var writer = JSONWriter()
        writer.object {
            $0.field("success", true)
            $0.key("data")
            $0.array {
                for number in 0..<1500 {
                    $0.object {
                        $0.field("messageId", "\(number &* 2_654_435_761 % 1_000_003)")
                        $0.field("chatId", "-100\(1_500_000_000 + number % 37)")
                        $0.field("text", "Message \(number) of those that nobody wrote")
                        $0.field("date", 1_767_323_045 + number * 61)
                        $0.field("isOutgoing", number.isMultiple(of: 3))
                    }
                }
            }
        }
        return writer.finish()
    }()

    private func echo(_ body: Bytes, _ request: Request) throws -> Response {
        let id = try parsers.withDocument(body, on: request.connection.loop) { $0["update_id"]?.int64 }
        guard let id else {
            throw APIError(
                .validationFailed, "body.update_id must be a whole number",
                details: ["path": "body.update_id"])
        }
        var answer: [UInt8] = []
        answer.reserveCapacity(48)
        answer.append("{\"ok\":true,\"update_id\":")
        answer.append(decimal: id)
        answer.append("}")
        return .json(Bytes(answer))
    }
}
