package import Base
import Crypto
package import Store

/// Gives bytes of a backup from its beginning: as many as asked for, fewer only at its end.
package typealias BackupSource = (Int) throws -> Bytes

/// Brings a backup into an empty database.
package struct Restore: Sendable {
    private static let rowsMax = 2000

    private let database: any Database
    private let steps: [Migration]

    /// Into a database whose schema will be made by these steps.
    package init(into database: any Database, _ steps: [Migration]) {
        self.database = database
        self.steps = steps
    }

    /// Reads the whole of a backup and says what is wrong with it; returns the schema's step and how many bytes it has.
    package static func check(_ source: @escaping BackupSource) throws -> (schema: Int, madeAt: Timestamp) {
        var frames = try FrameSource(source)
        let header = try frames.header()
        var columns = 0
        while let (kind, bytes) = try frames.next() {
            var frame = FrameReader(bytes)
            if kind == .table {
                _ = try frame.text()
                columns = try frame.columns().count
                guard frame.isAtEnd, columns > 0 else { throw BackupError.damaged("a table without columns") }
            } else {
                guard columns > 0 else { throw BackupError.damaged("rows without a table") }
                while !frame.isAtEnd { for _ in 0..<columns { _ = try frame.value() } }
            }
        }
        return header
    }

    /// Restores; `open` gives the backup's bytes anew each time.
    ///
    /// Returns how many rows there are now.
    ///
    /// The whole file is checked before the first row is written. Should the database fail in between, it is left without
    /// a log's head, so that no server runs on half of it.
    package func run(_ open: () throws -> BackupSource) async throws -> Int {
        let (schema, _) = try Self.check(try open())
        guard schema <= steps.count else { throw BackupError.newer(found: schema, known: steps.count) }
        let migrator = Migrator(database, steps)
        guard try await migrator.status().allSatisfy({ $0.appliedAt == nil }) else {
            throw BackupError.notEmpty
        }
        // Tables without our migrations are somebody else's.
        guard try await database.read({ try await Catalogue.names($0) }).isEmpty else {
            throw BackupError.notEmpty
        }
        try await migrator.up(to: schema)
        let all = try await database.read { try await Catalogue.tables($0) }
        // What migrations put in is in the backup too. Later tables refer to earlier ones.
        try await database.write { transaction in
            for table in all.reversed() {
                try await transaction.execute("DELETE FROM " + SQL(identifier: table.name))
            }
        }
        let tables = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
        let rows = try await load(try FrameSource(try open()), tables)
        try await migrator.up()
        return rows
    }

    private func load(_ source: consuming FrameSource, _ tables: [String: Catalogue.Table]) async throws
        -> Int
    {
        var table: Catalogue.Table?
        var order: [Int] = []
        var late: [(Catalogue.Table, [Int], [[Value]])] = []
        var count = 0
        _ = try source.header()
        while let (kind, bytes) = try source.next() {
            var frame = FrameReader(bytes)
            guard kind == .rows else {
                (table, order) = try Self.table(&frame, tables)
                continue
            }
            guard let table else { throw BackupError.damaged("rows without a table") }
            while !frame.isAtEnd {
                var rows: [[Value]] = []
                while !frame.isAtEnd, rows.count < Self.rowsMax {
                    var row: [Value] = []
                    for _ in order { row.append(try frame.value()) }
                    rows.append(row)
                }
                count += rows.count
                if table.name == "log_head" {
                    late.append((table, order, rows))
                } else {
                    try await insert(rows, order, table)
                }
            }
        }
        for (table, order, rows) in late { try await insert(rows, order, table) }
        return count
    }

    /// The table that a frame names, and for each of the backup's columns its place in the table.
    private static func table(
        _ frame: inout FrameReader, _ tables: [String: Catalogue.Table]
    ) throws -> (Catalogue.Table, [Int]) {
        let name = try frame.text()
        guard let table = tables[name] else {
            throw BackupError.damaged("a table that the schema has not: \(name)")
        }
        var order: [Int] = []
        for column in try frame.columns() {
            guard let place = table.columns.firstIndex(where: { $0.name == column }) else {
                throw BackupError.damaged("a column that the schema has not: \(name).\(column)")
            }
            order.append(place)
        }
        return (table, order)
    }

    private func insert(_ rows: [[Value]], _ order: [Int], _ table: Catalogue.Table) async throws {
        var columns: [Column] = []
        for (index, place) in order.enumerated() {
            let (name, kind) = table.columns[place]
            columns.append(Column(SQL(identifier: name), try Self.values(rows, index, kind)))
        }
        let filled = columns
        try await database.write { try await $0.insert(into: SQL(identifier: table.name), filled) }
    }

    private static func values(
        _ rows: [[Value]], _ index: Int, _ kind: Catalogue.Kind
    ) throws(BackupError) -> Column.Values {
        var integers: [Int64?] = []
        var reals: [Double?] = []
        var texts: [String?] = []
        var bytes: [Bytes?] = []
        for row in rows {
            switch (kind, row[index]) {
            case (.integer, .null): integers.append(nil)
            case (.integer, .integer(let number)): integers.append(number)
            case (.real, .null): reals.append(nil)
            case (.real, .real(let number)): reals.append(number)
            case (.text, .null): texts.append(nil)
            case (.text, .text(let text)): texts.append(text)
            case (.bytes, .null): bytes.append(nil)
            case (.bytes, .bytes(let content)): bytes.append(content)
            default: throw .damaged("a value of the wrong kind")
            }
        }
        return switch kind {
        case .integer: .integers(integers)
        case .real: .reals(reals)
        case .text: .texts(texts)
        case .bytes: .bytes(bytes)
        }
    }
}
