import Base
import Store
import Synchronization

/// One batch on its way into the log, until it is known whether it is there.
///
/// A connection can be lost while a commit is under way. The batch then may or may not be in the log, and writing it again
/// would double what has no key. Positions settle it: nobody else's event can stand where this batch would.
final class AppendAttempt: Sendable {
    /// How often, and how long in between, an unknown outcome is looked into.
    private static let looks: [Duration] = [
        .milliseconds(50), .milliseconds(200), .seconds(1), .seconds(2), .seconds(4),
    ]

    private let database: any Database
    private let drafts: [EventDraft]
    private let transaction: AppendTransaction
    /// What the last run of the transaction would have come to.
    private let planned = Mutex<AppendTransaction.Outcome?>(nil)

    init(_ database: any Database, _ drafts: [EventDraft], now: Timestamp, known: ChatHeads) {
        self.database = database
        self.drafts = drafts
        transaction = AppendTransaction(now: now, known: known)
    }

    /// Runs to its end; to be called where nobody cancels, since the batch is many callers'.
    func run() async throws -> AppendTransaction.Outcome {
        do {
            return try await writeOnce()
        } catch let error as StoreError where error.code == .outcomeUnknown {
            return try await settle(error)
        }
    }

    /// Writes the batch, at first as if none of it were in the log: that is so nearly always, and SQLite says where it is not.
    private func writeOnce() async throws -> AppendTransaction.Outcome {
        if database.dialect == .sqlite {
            do {
                return try await write(isFirst: true, looksUpKeys: false)
            } catch let error as StoreError where error.code == .notUnique {
                // Something of it is there already: nothing was written.
            }
        }
        return try await write(isFirst: true)
    }

    private func write(isFirst: Bool, looksUpKeys: Bool = true) async throws -> AppendTransaction.Outcome {
        try await database.write { try await self.write(isFirst: isFirst, looksUpKeys, $0) }
    }

    private func write(
        isFirst: Bool, _ looksUpKeys: Bool, _ database: any Transaction
    ) async throws -> AppendTransaction.Outcome {
        if !isFirst, let earlier = try await arrived(database) { return earlier }
        let outcome = try await transaction.run(drafts, looksUpKeys: looksUpKeys, in: database)
        planned.withLock { $0 = outcome }
        return outcome
    }

    private func settle(_ unknown: StoreError) async throws -> AppendTransaction.Outcome {
        var last = unknown
        for pause in Self.looks {
            // Nobody cancels this task.
            try? await Task.sleep(for: pause)
            do {
                return try await write(isFirst: false)
            } catch let error as StoreError where error.isTransient {
                last = error
            } catch {
                // Whatever keeps it from being found out, it is not found out: nobody may take it for not written.
                break
            }
        }
        // Not known to the end: what was asked for with a key may be asked for again, and will be found.
        throw last.code == .outcomeUnknown ? last : unknown
    }

    /// What was planned, if it is in the log.
    ///
    /// The head is locked meanwhile, so that no old commit can still come through.
    private func arrived(_ transaction: any Transaction) async throws -> AppendTransaction.Outcome? {
        _ = try await AppendTransaction.lockHead(transaction)
        guard let planned = planned.withLock(\.self), let first = planned.events.first,
            let last = planned.events.last
        else { return nil }
        var query = Query(EventPages.columns)
        query.add(" WHERE position >= " + query.parameter(.integer(first.position.number)))
        query.add(" AND position <= " + query.parameter(.integer(last.position.number)))
        query.add(" ORDER BY position")
        let stored = try await EventPages.events(query, transaction)
        let isSame =
            stored.count == planned.events.count
            && zip(stored, planned.events).allSatisfy {
                $0.position == $1.position && $0.recordedAt == $1.recordedAt && $0.content == $1.content
            }
        return isSame ? planned : nil
    }
}
