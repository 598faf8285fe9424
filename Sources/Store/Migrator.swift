package import Base

/// Brings a database's schema to a step, up or down.
///
/// Each step is one transaction, under a lock: of two nodes that start at once one makes the steps and the other waits.
package struct Migrator: Sendable {
    private let database: any Database
    let steps: [Migration]
    private let clocks: Clocks
    private let patience: Duration

    /// A step and whether it has been made.
    package struct Status: Sendable, Equatable {
        /// Where it stands in the order.
        package let number: Int
        /// What it is for.
        package let name: String
        /// When it was made; nil where it has not been.
        package let appliedAt: Timestamp?
    }

    /// The steps that this program knows, numbered from 1 without gaps.
    ///
    /// `patience` is how long it waits for another node that is at work.
    package init(
        _ database: any Database, _ steps: [Migration], clocks: Clocks = .system,
        patience: Duration = .seconds(600)
    ) {
        self.database = database
        self.steps = steps
        self.clocks = clocks
        self.patience = patience
    }

    /// The step that the schema stands at when all have been made.
    package var newest: Int { steps.count }

    /// Every step that this program knows.
    package func status() async throws -> [Status] {
        try checkNumbers()
        let applied = try await database.read { try await Self.applied(in: $0) }
        try check(applied, database.dialect)
        return steps.map { step in
            let place = applied.firstIndex { $0.number == step.number }
            return Status(
                number: step.number, name: step.name, appliedAt: place.map { applied[$0].appliedAt })
        }
    }

    /// Makes the steps that are missing, up to and with `last`; returns those that it made.
    @discardableResult
    package func up(to last: Int? = nil) async throws -> [Int] {
        let last = last ?? newest
        guard (0...newest).contains(last) else { throw Self.unknown(last, newest) }
        return try await move { at in at < last ? at + 1 : nil }
    }

    /// Undoes the steps beyond `last`, the latest first; returns those that it undid.
    @discardableResult
    package func down(to last: Int) async throws -> [Int] {
        guard (0...newest).contains(last) else { throw Self.unknown(last, newest) }
        return try await move { at in at > last ? at - 1 : nil }
    }

    private func move(_ next: @escaping @Sendable (Int) -> Int?) async throws -> [Int] {
        try checkNumbers()
        var moved: [Int] = []
        let deadline = ContinuousClock.now + patience
        while true {
            do {
                guard let step = try await step(next) else { return moved }
                moved.append(step)
            } catch let error as StoreError where error.code == .timeout && ContinuousClock.now < deadline {
                // Another node holds the lock: that one makes the steps.
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Makes one step, or undoes one; returns its number, or nil when there is nothing left to do.
    private func step(_ next: @escaping @Sendable (Int) -> Int?) async throws -> Int? {
        try await database.write { transaction in
            try await transaction.lock("migrations")
            try await transaction.execute(Self.table)
            let applied = try await Self.applied(in: transaction)
            try check(applied, transaction.dialect)
            let at = applied.last?.number ?? 0
            guard let target = next(at) else { return nil }
            let step = steps[max(at, target) - 1]
            for statement in target > at ? step.up : step.down { try await transaction.execute(statement) }
            if target > at {
                try await transaction.execute(
                    "INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                    [
                        .integer(Int64(step.number)), .text(step.name),
                        .text(step.checksum(transaction.dialect)),
                        .integer(clocks.now.milliseconds),
                    ])
            } else {
                try await transaction.execute(
                    "DELETE FROM schema_migrations WHERE number = $1", [.integer(Int64(step.number))])
            }
            return step.number
        }
    }
}
