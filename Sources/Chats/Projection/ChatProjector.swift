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
    /// How much longer than a page took the projector rests.
    private static let restPerWork = 4

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
            let events = try await reader.next()
            let through = reader.position
            let start = ContinuousClock.now
            let facts = Facts(events, parser)
            // Somebody else has written, or emptied the tables: what was known of them may be wrong.
            guard try await write(facts, memory, from: position, through: through) == through else { return }
            memory.remember(facts)
            position = through
            // Whoever writes updates down goes first: this takes a part of the time alone, and catches up in calmer ones.
            try await Task.sleep(for: max(pause, start.duration(to: .now) * Self.restPerWork))
        }
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
