package import Base
package import Kernel
package import Reactor
package import Store
import Synchronization
import Wire

/// Keeps the tables of chats, users and messages up with the log; any node may do it, and none twice.
package final class ChatProjector: Service {
    package let name = "chats"
    private let database: any Database
    private let log: EventLog
    private let logger: Logger
    private let pause: Duration
    private let reached = Atomic<Int64>(0)
    private let lastLook = Mutex<(end: Position, at: ContinuousClock.Instant)?>(nil)
    private let (stops, stop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// A projector that rests for `pause` between two pages, so that each takes many events when much happens.
    package init(
        _ database: any Database, _ log: EventLog, metrics: Metrics, logger: Logger,
        pause: Duration = .milliseconds(20)
    ) {
        self.database = database
        self.log = log
        self.logger = logger
        self.pause = pause
        metrics.gauge("chats_lag_events", "Events in the log that are not in the tables of chats yet.") {
            Double(max(0, log.end.number - self.reached.load(ordering: .relaxed)))
        }
    }

    package func start() async throws {}

    @concurrent package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "projection of chats") { await self.follow() }
            group.addTask(name: "retention of chats") { await self.sweep() }
            for await _ in stops {}
            group.cancelAll()
        }
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        stop.finish()
        return []
    }

    /// Brings the tables up to the end of the log, and returns.
    package func catchUp() async throws {
        let end = log.end
        var position = try await database.read { try await ProjectionStore.stored(in: $0) }
        let parser = JSONParser()
        var memory = ProjectionMemory()
        while position < end {
            let page: (events: [Event], position: Position)
            do {
                page = try await log.page(EventFilter(), after: position, limit: Self.pageMax)
            } catch LogError.cursorExpired(let oldest) {
                // What retention has taken is in no table.
                try await skip(to: Position(oldest.number - 1))
                position = try await database.read { try await ProjectionStore.stored(in: $0) }
                continue
            }
            let facts = Facts(page.events, parser)
            let reached = try await write(facts, memory, from: position, through: page.position)
            if reached == page.position { memory.remember(facts) } else { memory = ProjectionMemory() }
            position = reached
        }
    }

    /// Empties the tables and makes them anew of the log; a server may run meanwhile.
    package func rebuild() async throws {
        try await database.write { try await ProjectionStore.clear(in: $0) }
        try await catchUp()
    }

    private static let pageMax = 512
    /// Events that one transaction takes, so that it keeps nobody waiting for long.
    private static let partMax = 128
    /// Events a second from which on others come first.
    private static let busyRate = 4000.0

    private func follow() async {
        while !Task.isCancelled {
            do {
                try await read()
            } catch is CancellationError {
                return
            } catch LogError.cursorExpired(let oldest) {
                // What retention took before it was seen is in no table.
                await skipLogged(to: Position(oldest.number - 1))
            } catch {
                logger.warning("chats could not be brought up to date", ["error": .init(describing: error)])
                // Cut short only by the task's end.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func read() async throws {
        let begin = try await database.read { try await ProjectionStore.stored(in: $0) }
        let reader = try await log.reader(from: .after(begin))
        defer { reader.close() }
        let parser = JSONParser()
        var memory = ProjectionMemory()
        var position = begin
        while true {
            var events = try await reader.next()[...]
            let end = reader.position
            while !events.isEmpty {
                let part = events.prefix(Self.partMax)
                events = events.dropFirst(Self.partMax)
                let through = events.isEmpty ? end : part.last?.position ?? end
                let start = ContinuousClock.now
                let facts = Facts(Array(part), parser)
                // Somebody else has written, or emptied the tables: what was known of them may be wrong.
                guard try await write(facts, memory, from: position, through: through) == through else {
                    return
                }
                memory.remember(facts)
                position = through
                try await Task.sleep(for: start.duration(to: .now) * rest(since: start))
            }
            try await Task.sleep(for: pause)
        }
    }

    /// How much longer than a transaction took the projector rests: while much comes in that goes first, and is caught up
    /// with in calmer times.
    private func rest(since start: ContinuousClock.Instant) -> Int {
        let now = (end: log.end, at: start)
        defer { lastLook.withLock { $0 = now } }
        guard let last = lastLook.withLock({ $0 }) else { return 1 }
        let seconds = last.at.duration(to: now.at) / .seconds(1)
        return Double(now.end.number - last.end.number) > Self.busyRate * max(seconds, 0.001) ? 39 : 1
    }

    /// Writes a page that begins behind `from`; returns how far the tables are then.
    private func write(
        _ facts: Facts, _ memory: ProjectionMemory, from: Position, through: Position
    ) async throws -> Position {
        let reached = try await database.write { transaction -> Position in
            let stored = try await ProjectionStore.through(transaction)
            // Another node has written this page already, or the tables were emptied meanwhile.
            guard stored == from else { return stored }
            try await ProjectionStore.write(facts, memory, in: transaction)
            try await ProjectionStore.setThrough(through, in: transaction)
            return through
        }
        self.reached.store(reached.number, ordering: .relaxed)
        return reached
    }

    private func skip(to position: Position) async throws {
        try await database.write { transaction in
            let stored = try await ProjectionStore.through(transaction)
            if stored < position { try await ProjectionStore.setThrough(position, in: transaction) }
        }
    }

    private func skipLogged(to position: Position) async {
        do { try await skip(to: position) } catch {
            logger.warning("chats could not be brought up to date", ["error": .init(describing: error)])
        }
    }

    private func sweep() async {
        while !Task.isCancelled {
            do {
                while try await database.write({ try await ProjectionStore.followRetention(in: $0) })
                    >= ProjectionStore.stepMax
                {
                    try await Task.sleep(for: pause)
                }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("chats could not follow retention", ["error": .init(describing: error)])
            }
            // Cut short only by the task's end.
            try? await Task.sleep(for: .seconds(30))
        }
    }
}

extension ProjectionStore {
    /// How far of the log is in the tables, without keeping anybody from writing.
    static func stored(in transaction: any ReadTransaction) async throws -> Position {
        try await transaction.first("SELECT position FROM projected_through") { Position(try $0.integer(0)) }
            ?? .zero
    }
}
