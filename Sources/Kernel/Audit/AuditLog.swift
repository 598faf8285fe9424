package import Base
package import Reactor
package import Store
import Synchronization

/// Who did what, in a chain of entries that can only grow.
///
/// Acts are recorded before they are answered; denials, of which there may be many, are noted and written soon after.
package final class AuditLog: Service {
    package let name = "audit"
    /// Entries that wait to be written; beyond, they are counted and dropped.
    package static let waitingMax = 4096
    private static let batchMax = 256
    private static let firstPause = Duration.milliseconds(20)
    /// The most entries of a page.
    package static let pageMax = 1000

    let database: any Database
    private let clocks: Clocks
    private let logger: Logger
    private let entries: MetricFamily<Counter>
    private let drops: Counter
    private let queue: Mutex<AuditQueue>
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// The audit log of a database that has its tables.
    package init(
        _ database: any Database, clocks: Clocks = .system, metrics: Metrics = Metrics(),
        logger: Logger = .silent, waitingMax: Int = AuditLog.waitingMax
    ) {
        self.database = database
        self.clocks = clocks
        self.logger = logger
        queue = Mutex(AuditQueue(countMax: waitingMax, batchMax: Self.batchMax))
        (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        entries = metrics.counters(
            "audit_entries_total", "Entries that were written to the audit log.", labels: ["result"])
        drops = metrics.counter(
            "audit_dropped_total", "Entries that the audit log had no room for, or could not write.")
    }

    /// Writes an entry down; it is durable when this returns.
    @discardableResult
    package func record(_ draft: AuditDraft) async throws -> AuditEntry {
        let noted = AuditQueue.Noted(at: clocks.now, draft: draft)
        let written = try await database.write { try await AuditAppend.run([noted], in: $0) }
        count(written)
        guard let entry = written.first else { throw AuditHead.missing }
        return entry
    }

    /// Writes an entry in the transaction of what it tells of, so that there is both or neither.
    ///
    /// Call it last: until the transaction has ended, nobody else can append.
    @discardableResult
    package func record(_ draft: AuditDraft, in transaction: any Transaction) async throws -> AuditEntry {
        let noted = AuditQueue.Noted(at: clocks.now, draft: draft)
        let written = try await AuditAppend.run([noted], in: transaction)
        // A transaction that is undone later, or runs twice, has been counted all the same.
        count(written)
        guard let entry = written.first else { throw AuditHead.missing }
        return entry
    }

    /// Has an entry written soon, and waits for nothing: for denials, which must not cost more than they prevent.
    ///
    /// Where too many wait already it is dropped, and an entry `audit.dropped` tells later how many were.
    package func note(_ draft: AuditDraft) {
        let noted = AuditQueue.Noted(at: clocks.now, draft: draft)
        let isTaken = queue.withLock { $0.add(noted) }
        if !isTaken { drops.add(1) }
        wake.yield()
    }

    /// Entries that were noted and are not on disk yet.
    package var waiting: Int { queue.withLock { $0.count } }

    /// A page of entries that pass a filter, the newest first; at most `pageMax` of them.
    package func page(
        _ filter: AuditFilter = AuditFilter(), from cursor: AuditCursor = .newest, limit: Int = 50
    ) async throws -> AuditPage {
        let limit = min(max(limit, 1), Self.pageMax)
        var query = Query(AuditEntry.columns + " WHERE number > ")
        var isForward = false
        if case .after(let number) = cursor {
            query.add(query.parameter(.integer(number)))
            isForward = true
        } else {
            query.add("0")
        }
        if case .before(let number) = cursor {
            query.add(" AND number < " + query.parameter(.integer(number)))
        }
        filter.addConditions(to: &query)
        query.add(isForward ? " ORDER BY number" : " ORDER BY number DESC")
        // One more tells whether there are more.
        query.add(" LIMIT " + query.parameter(.integer(Int64(limit + 1))))
        let (sql, parameters) = (query.sql, query.parameters)
        let rows = try await database.read { transaction in
            try await transaction.all(sql, parameters) { row in
                guard let entry = try AuditEntry(row) else {
                    throw StoreError(.corrupt, "entry \(try row.integer(0)) of the audit log is none of ours")
                }
                return entry
            }
        }
        let entries = rows.prefix(limit)
        return AuditPage(
            entries: isForward ? entries.reversed() : Array(entries), hasMore: rows.count > limit)
    }

    package func start() async throws {}

    /// Writes what is noted, until it is stopped.
    @concurrent package func run() async throws {
        for await _ in wakes { _ = await flush(until: nil) }
    }

    /// Takes no more notes, and writes those that wait.
    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        queue.withLock { $0.close() }
        wake.finish()
        while !queue.withLock({ $0.isEmpty }), EventLoop.clock() < deadline {
            guard await flush(until: deadline) else { break }
            // Whoever writes meanwhile is `run`; a cancelled pause only looks again sooner.
            try? await Task.sleep(for: .milliseconds(5))
        }
        let left = waiting
        return left == 0 ? [] : ["\(left) audit entries that were not written"]
    }

    /// Writes batch by batch until nothing waits, or somebody else writes; false where a batch was lost.
    private func flush(until deadline: MonotonicNanoseconds?) async -> Bool {
        while let batch = queue.withLock({ $0.take() }) {
            do {
                try await write(batch, until: deadline)
                queue.withLock { $0.finish() }
            } catch {
                let lost = batch.noted.count
                queue.withLock { $0.lose(batch) }
                drops.add(lost)
                logger.error(
                    "audit entries were lost", ["count": .init(lost), "error": .init(describing: error)])
                // What was lost is told with the next batch: now it would fail as well.
                return false
            }
        }
        return true
    }

    /// Writes a batch once, however often the database has to be asked.
    private func write(_ batch: AuditQueue.Batch, until deadline: MonotonicNanoseconds?) async throws {
        var noted = batch.noted
        if batch.dropped > 0 {
            noted.append(
                AuditQueue.Noted(
                    at: clocks.now,
                    draft: AuditDraft(
                        actor: "system", action: "audit.dropped", result: .failed,
                        detail: "\(batch.dropped) entries were dropped")))
        }
        let attempt = Attempt(noted)
        var pause = Self.firstPause
        while true {
            do {
                return count(try await database.write { try await attempt.run($0) })
            } catch let error as StoreError where error.isTransient && !isOver(deadline) {
                if pause == Self.firstPause {
                    logger.warning(
                        "the audit log waits for the database", ["error": .init(describing: error)])
                }
                // A cancelled pause only asks again sooner, and the database ends that.
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, .milliseconds(500))
            }
        }
    }

    private func isOver(_ deadline: MonotonicNanoseconds?) -> Bool {
        if Task.isCancelled { return true }
        guard let deadline else { return false }
        return EventLoop.clock() >= deadline
    }

    private func count(_ written: [AuditEntry]) {
        for entry in written { entries.labelled(entry.content.result.rawValue).add(1) }
    }

    /// A batch on its way, until it is known to be there: a lost connection must not write it twice.
    private final class Attempt: Sendable {
        private let noted: [AuditQueue.Noted]
        private let planned = Mutex<[AuditEntry]?>(nil)

        init(_ noted: [AuditQueue.Noted]) { self.noted = noted }

        func run(_ transaction: any Transaction) async throws -> [AuditEntry] {
            if let planned = planned.withLock(\.self),
                try await AuditAppend.isWritten(planned, in: transaction)
            {
                return planned
            }
            let entries = try await AuditAppend.run(noted, in: transaction)
            planned.withLock { $0 = entries }
            return entries
        }
    }
}
