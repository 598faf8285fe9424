import Base
package import HTTPServer
package import Kernel
import Reactor

/// The next events behind a cursor; waits for some where there are none yet.
package struct LogPoll: Sendable {
    private let log: EventLog
    private let filter: EventFilter
    private let limit: Int
    private let wait: Duration

    /// At most `limit` events that pass the filter, after at most so long a wait.
    package init(_ log: EventLog, _ filter: EventFilter, limit: Int, wait: Duration) {
        self.log = log
        self.filter = filter
        self.limit = limit
        self.wait = wait
    }

    /// What came, and the cursor behind it, which may have moved also where nothing came.
    ///
    /// The wait also ends when `interrupted` returns, or the server stops.
    package func run(
        from start: ReadStart, _ request: Request, interrupted: (@Sendable () async -> Void)? = nil
    ) async throws -> (events: [Event], position: Position) {
        let position = try await log.position(of: start, filter)
        let page = try await log.page(filter, after: position, limit: limit)
        guard page.events.isEmpty, wait > .zero, !request.connection.drain.isRaised else { return page }
        return try await live(after: page.position, request, interrupted)
    }

    private func live(
        after position: Position, _ request: Request, _ interrupted: (@Sendable () async -> Void)?
    ) async throws -> (
        events: [Event], position: Position
    ) {
        let (loop, drain) = (request.connection.loop, request.connection.drain)
        return try await withThrowingTaskGroup(of: (events: [Event], position: Position)?.self) { group in
            group.addTask {
                let reader = try await log.reader(filter, from: .after(position))
                defer { reader.close() }
                let events = try await reader.next()
                guard events.count > limit else { return (events, reader.position) }
                return (Array(events.prefix(limit)), events[limit - 1].position)
            }
            group.addTask {
                try await loop.sleep(for: wait)
                return nil
            }
            group.addTask {
                // A server that stops does not let those wait who can come again.
                await drain.wait()
                return nil
            }
            if let interrupted {
                group.addTask {
                    await interrupted()
                    return nil
                }
            }
            defer { group.cancelAll() }
            let first = try await group.next() ?? nil
            return first ?? ([], position)
        }
    }
}
