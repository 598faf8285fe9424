package import Base
package import Bus
package import Reactor
package import Store
import Synchronization

/// What became different about users, keys and grants, told to every node.
///
/// A change is written down in the transaction that makes it. Nodes hint each other over the bus, and look by
/// themselves each second: the bus is a hint, the table is the truth.
package final class IdentityChanges: Service {
    /// Told what changed, by tags such as `user:7`; nil when anything may have.
    package typealias Listener = @Sendable (_ tags: Set<String>?) -> Void

    package let name = "identity changes"
    private let database: any Database
    private let bus: any Bus
    private let clocks: Clocks
    private let logger: Logger
    private let state = Mutex(State())
    private static let channel = Channel("identity")
    /// Rows that are looked at once, and how long they are kept.
    private static let pageMax = 1000
    private static let kept = Duration.seconds(3600)

    /// What is remembered may be used for so long while nobody can say what has changed.
    private static let patience = Duration.seconds(10)

    private struct State {
        var seen: Int64?
        var lookedAt: Moment?
        var listeners: [Listener] = []
    }

    /// The changes of a database, hinted at over a bus.
    package init(_ database: any Database, _ bus: any Bus, clocks: Clocks, logger: Logger) {
        self.database = database
        self.bus = bus
        self.clocks = clocks
        self.logger = logger
    }

    /// Adds somebody who remembers things that changes concern.
    func listen(_ listener: @escaping Listener) { state.withLock { $0.listeners.append(listener) } }

    /// Writes down, in the transaction that makes it, what changes.
    static func note(_ tags: [String], at now: Timestamp, in transaction: any Transaction) async throws {
        let id = try await nextNumber("changes", in: transaction)
        try await transaction.execute(
            "INSERT INTO identity_changes (id, tags, changed_at) VALUES ($1, $2, $3)",
            [.integer(id), .text(tags.joined(separator: " ")), .integer(now.milliseconds)])
    }

    /// The next number of a kind; whoever asks for one of the same kind waits until this transaction has ended.
    static func nextNumber(_ kind: StaticString, in transaction: any Transaction) async throws -> Int64 {
        let number = try await transaction.first(
            """
            INSERT INTO identity_counters AS counter (name, value) VALUES ($1, 1)
            ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value
            """, [.text("\(kind)")]
        ) { try $0.integer(0) }
        guard let number else { throw StoreError(.other, "a counter gave no number") }
        return number
    }

    /// Runs a transaction that changes something, and has every node know once it is durable.
    func make<R: Sendable>(_ body: @escaping @Sendable (any Transaction) async throws -> (R, tags: [String]))
        async throws -> R
    {
        let now = clocks.now
        let result = try await database.write { transaction in
            let (result, tags) = try await body(transaction)
            if !tags.isEmpty { try await Self.note(tags, at: now, in: transaction) }
            return (result, Set(tags))
        }
        tell(result.1)
        if !result.1.isEmpty { bus.publish([], to: Self.channel) }
        return result.0
    }

    private func tell(_ tags: Set<String>?) {
        guard tags?.isEmpty != true else { return }
        for listener in state.withLock({ $0.listeners }) { listener(tags) }
    }

    /// Looks for what others changed since the last look.
    func catchUp() async throws {
        let seen = state.withLock { $0.seen }
        typealias Change = (id: Int64, tags: String)
        let (rows, last) = try await database.read { transaction -> ([Change], Int64) in
            let last =
                try await transaction.first(
                    "SELECT value FROM identity_counters WHERE name = 'changes'", [], { try $0.integer(0) })
                ?? 0
            guard let seen, last > seen else { return ([], last) }
            let rows = try await transaction.all(
                "SELECT id, tags FROM identity_changes WHERE id > $1 ORDER BY id LIMIT $2",
                [.integer(seen), .integer(Int64(Self.pageMax))]
            ) { (id: try $0.integer(0), tags: try $0.text(1)) }
            return (rows, last)
        }
        let now = clocks.moment
        state.withLock { state in
            state.seen = max(state.seen ?? last, last)
            state.lookedAt = now
        }
        guard let seen, last > seen else { return }
        // Rows that are gone, or too many: anything may have changed.
        guard rows.count == last - seen else { return tell(nil) }
        tell(Set(rows.flatMap { $0.tags.split(separator: " ").map(String.init) }))
    }

    package func start() async throws { try await catchUp() }

    @concurrent package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "identity hints") { await self.follow() }
            group.addTask(name: "identity looks") { await self.look() }
            await group.waitForAll()
        }
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] { [] }

    private func follow() async {
        let subscription = await bus.subscribe(to: Self.channel)
        for await _ in subscription { await lookOnce() }
    }

    private func look() async {
        var round = 0
        while !Task.isCancelled {
            // Cut short only by the task's end.
            try? await Task.sleep(for: .seconds(1))
            await lookOnce()
            round += 1
            if round % 600 == 0 { await prune() }
        }
    }

    private func lookOnce() async {
        do { try await catchUp() } catch is CancellationError {} catch {
            // A short outage is lived through; after a longer one too much may have changed unseen.
            let last = state.withLock { $0.lookedAt }
            if let last, clocks.moment - last > Self.patience { tell(nil) }
            logger.warning("could not look for changes of identity", ["error": .init(describing: error)])
        }
    }

    private func prune() async {
        let limit = clocks.now - Self.kept
        do {
            try await database.write { transaction in
                try await transaction.execute(
                    "DELETE FROM identity_changes WHERE changed_at < $1", [.integer(limit.milliseconds)])
            }
        } catch {
            logger.warning("could not prune changes of identity", ["error": .init(describing: error)])
        }
    }
}
