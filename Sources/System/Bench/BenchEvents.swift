import Base
import Wire

/// So many small events, as fast as they are taken.
struct BenchEvents: AsyncSequence, Sendable {
    let count: Int

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let count: Int
        fileprivate var next = 0

        mutating func next() async -> ServerSentEvent? { await next(isolation: #isolation) }

        mutating func next(isolation actor: isolated (any Actor)?) async -> ServerSentEvent? {
            guard next < count else { return nil }
            defer { next += 1 }
            return ServerSentEvent(id: String(next), data: Bytes("{\"number\":\(next)}"))
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(count: count) }
}
