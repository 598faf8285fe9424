package import Base
import Crypto
package import Store

/// Writes a whole database down, as it is at one moment, while others go on writing to it.
package struct Backup: Sendable {
    private static let rowsBytesMax = 1 << 20

    private let database: any Database
    private let clocks: Clocks

    /// A backup of a database.
    package init(_ database: any Database, clocks: Clocks = .system) {
        self.database = database
        self.clocks = clocks
    }

    /// Hands the backup's bytes to `write`, piece by piece; returns how many rows it has.
    ///
    /// `schema` is the step that the database stands at.
    package func make(schema: Int, write: @escaping @Sendable (Bytes) throws -> Void) async throws -> Int {
        let madeAt = clocks.now
        return try await database.read { transaction in
            let writer = Writer(write: write)
            var header: [UInt8] = []
            BackupFormat.append(Int64(schema), to: &header)
            BackupFormat.append(madeAt.milliseconds, to: &header)
            try writer.put(BackupFormat.magic)
            try writer.put(.header, header)
            for table in try await Catalogue.tables(transaction) {
                try await Self.write(table, to: writer, transaction)
            }
            try writer.put(.end, [])
            try writer.finish()
            return writer.rows
        }
    }

    private static func write(
        _ table: Catalogue.Table, to writer: Writer, _ transaction: any ReadTransaction
    ) async throws {
        var head: [UInt8] = []
        BackupFormat.append(table.name, to: &head)
        BackupFormat.append(UInt16(table.columns.count), to: &head)
        for column in table.columns { BackupFormat.append(column.name, to: &head) }
        try writer.put(.table, head)
        var names = SQL(identifier: table.columns[0].name)
        for column in table.columns.dropFirst() { names += ", " + SQL(identifier: column.name) }
        var rows: [UInt8] = []
        try await transaction.query("SELECT " + names + " FROM " + SQL(identifier: table.name), []) { row in
            for column in 0..<table.columns.count { BackupFormat.append(try row.value(column), to: &rows) }
            writer.rows += 1
            guard rows.count >= rowsBytesMax else { return }
            try writer.put(.rows, rows)
            rows.removeAll(keepingCapacity: true)
        }
        if !rows.isEmpty { try writer.put(.rows, rows) }
    }

    /// Writes frames and sums them up; used by one task.
    private final class Writer {
        private let write: (Bytes) throws -> Void
        private var checksum: SHA256? = SHA256()
        var rows = 0

        init(write: @escaping (Bytes) throws -> Void) { self.write = write }

        func put(_ bytes: Bytes) throws {
            checksum?.update(bytes)
            try write(bytes)
        }

        func put(_ kind: BackupFormat.Kind, _ content: [UInt8]) throws {
            var frame: [UInt8] = []
            frame.reserveCapacity(content.count + 5)
            BackupFormat.append(kind, content, to: &frame)
            try put(Bytes(frame))
        }

        func finish() throws {
            if let sum = checksum.take()?.finish() { try write(sum) }
        }
    }
}
