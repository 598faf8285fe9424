package import Base
package import Store

/// Seals a column anew with the current key, in small steps between which others read and write.
///
/// It remembers where it is, so that a later call goes on after a crash. A row that somebody changes meanwhile is
/// left alone: it is looked at again in the next pass, and passes are made until one finds nothing left to do.
package struct VaultRotation: Sendable {
    private let database: any Database
    private let vault: Vault
    private let clocks: Clocks
    private let stepMax: Int
    private let pause: Duration

    /// More passes than this mean that somebody goes on sealing with another key.
    package static let passesMax = 8
    /// So many rows that cannot be opened are named; all are counted.
    package static let namedMax = 20

    /// What a rotation has done.
    package struct Report: Sendable, Equatable {
        /// Rows that were sealed anew by this call.
        package var rewritten = 0
        /// Rows of the last pass that others changed under its hands.
        package var contested = 0
        /// Rows of the last pass that cannot be opened, and were left as they are.
        package var unreadable = 0
        /// Some of them, by their primary keys.
        package var unreadableRows: [String] = []

        /// Whether nothing is left that another key than the current one sealed: then old keys can go.
        package var isComplete: Bool { contested == 0 && unreadable == 0 && isSettled }
        var isSettled = false
    }

    /// A rotation of at most `stepMax` rows a transaction.
    package init(
        _ database: any Database, _ vault: Vault, clocks: Clocks = .system, stepMax: Int = 100,
        pause: Duration = .milliseconds(5)
    ) {
        precondition(stepMax > 0, "a step has at least one row")
        self.database = database
        self.vault = vault
        self.clocks = clocks
        self.stepMax = stepMax
        self.pause = pause
    }

    /// Brings a whole column to the current key; goes on where an earlier call was interrupted.
    package func run(_ column: SealedColumn) async throws -> Report {
        var report = Report()
        let keyID = vault.keys.current.id
        var from = try await rememberedRow(column, keyID)
        for _ in 0..<Self.passesMax {
            try Task.checkCancellation()
            let isWhole = from == nil
            let before = report.rewritten
            (report.contested, report.unreadable, report.unreadableRows) = (0, 0, [])
            try await pass(column, keyID, from: from, &report)
            from = nil
            guard isWhole, report.rewritten == before, report.contested == 0 else { continue }
            // A key that came in meanwhile has a rotation of its own.
            report.isSettled = vault.keys.current.id == keyID
            break
        }
        try await finish(column, keyID)
        return report
    }

    /// How many rows hold what another key than the current one sealed.
    package func remaining(_ column: SealedColumn) async throws -> Int {
        var count = 0
        var last: String?
        while true {
            let rows = try await page(column, after: last)
            count += rows.count { vault.needsRotation($0.envelope) }
            guard rows.count == stepMax else { return count }
            last = rows.last?.row
        }
    }

    private struct Stored: Sendable {
        let row: String
        let envelope: Bytes
    }

    private struct Change: Sendable {
        let row: Value
        let old: Bytes
        let new: Bytes
    }

    private func pass(
        _ column: SealedColumn, _ keyID: UInt32, from: String?, _ report: inout Report
    ) async throws {
        var last = from
        while true {
            let rows = try await page(column, after: last)
            // Sealing happens outside of the transaction, where no other writer waits for it.
            let changes = changes(rows, column, &report)
            guard let through = rows.last?.row else { return }
            if !changes.isEmpty {
                let rewritten = try await rewrite(changes, column, keyID, through: through)
                report.rewritten += rewritten
                report.contested += changes.count - rewritten
            }
            guard rows.count == stepMax else { return }
            last = through
            try await Task.sleep(for: pause)
        }
    }

    private func changes(_ rows: [Stored], _ column: SealedColumn, _ report: inout Report) -> [Change] {
        var changes: [Change] = []
        for stored in rows where vault.needsRotation(stored.envelope) {
            let place = column.place(stored.row)
            do throws(VaultError) {
                let sealed = try vault.seal(vault.open(stored.envelope, for: place), for: place)
                guard let row = column.value(stored.row) else { continue }
                changes.append(Change(row: row, old: stored.envelope, new: sealed))
            } catch {
                // One damaged row must not keep all others under the old key.
                report.unreadable += 1
                if report.unreadableRows.count < Self.namedMax { report.unreadableRows.append(stored.row) }
            }
        }
        return changes
    }

    private func page(_ column: SealedColumn, after last: String?) async throws -> [Stored] {
        var sql: SQL = "SELECT " + column.idSQL + ", " + column.columnSQL + " FROM " + column.tableSQL
        sql += " WHERE " + column.columnSQL + " IS NOT NULL"
        var parameters: [Value] = [.integer(Int64(stepMax))]
        if let last = last.flatMap(column.value) {
            sql += " AND " + column.idSQL + " > $2"
            parameters.append(last)
        }
        sql += " ORDER BY " + column.idSQL + " LIMIT $1"
        let (text, values) = (sql, parameters)
        return try await database.read { transaction in
            try await transaction.all(text, values) {
                Stored(row: try column.row($0), envelope: try $0.bytes(1))
            }
        }
    }

    /// Writes what nobody changed since it was read, and remembers how far this went; returns how many that were.
    private func rewrite(
        _ changes: [Change], _ column: SealedColumn, _ keyID: UInt32, through: String
    ) async throws -> Int {
        let sql: SQL =
            "UPDATE " + column.tableSQL + " SET " + column.columnSQL + " = $1 WHERE " + column.idSQL
            + " = $2 AND " + column.columnSQL + " = $3"
        return try await database.write { transaction in
            var count = 0
            for change in changes {
                count += try await transaction.execute(
                    sql, [.bytes(change.new), change.row, .bytes(change.old)])
            }
            try await transaction.execute(
                """
                INSERT INTO vault_rotations (target, key_id, through, rewritten) VALUES ($1, $2, $3, $4)
                ON CONFLICT (target) DO UPDATE SET through = excluded.through, finished_at = NULL,
                    rewritten = CASE WHEN vault_rotations.key_id = excluded.key_id
                        THEN vault_rotations.rewritten ELSE 0 END + excluded.rewritten,
                    key_id = excluded.key_id
                """,
                [.text(column.target), .integer(Int64(keyID)), .text(through), .integer(Int64(count))])
            return count
        }
    }

    /// The row behind which an interrupted rotation to the same key goes on; nil: it begins.
    private func rememberedRow(_ column: SealedColumn, _ keyID: UInt32) async throws -> String? {
        try await database.read { transaction in
            try await transaction.first(
                "SELECT through FROM vault_rotations WHERE target = $1 AND key_id = $2 AND finished_at IS NULL",
                [.text(column.target), .integer(Int64(keyID))]
            ) { try $0.text(0) }
        }
    }

    private func finish(_ column: SealedColumn, _ keyID: UInt32) async throws {
        let now = clocks.now
        try await database.write { transaction in
            try await transaction.execute(
                "UPDATE vault_rotations SET finished_at = $1 WHERE target = $2 AND key_id = $3",
                [.integer(now.milliseconds), .text(column.target), .integer(Int64(keyID))])
        }
    }
}
