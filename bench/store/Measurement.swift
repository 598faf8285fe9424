import Base
import CSQLite
import Foundation
import Store
import StoreSQLite

/// Rows a second through the store, next to SQLite's own from C calls on the same schema in the same run.
enum Measurement {
    static let create: SQL = """
        CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL, chat INTEGER NOT NULL,
        sequence INTEGER NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, payload BLOB NOT NULL) STRICT
        """
    static let payload = Bytes([UInt8](repeating: 65, count: 600))

    static func columns(_ count: Int, from first: Int) -> [Column] {
        let numbers = (0..<count).map { Optional(Int64(first + $0)) }
        return [
            Column("source", .integers(numbers)), Column("chat", .integers(numbers)),
            Column("sequence", .integers(numbers)),
            Column("kind", .texts(Array(repeating: "message.received", count: count))),
            Column("at", .integers(numbers)),
            Column("payload", .bytes(Array(repeating: payload, count: count))),
        ]
    }

    /// Rows a second of `callers` that each write `batch` rows at a time.
    static func writing(_ callers: Int, batch: Int, rows: Int) async throws -> Double {
        try await withFolder { folder in
            let database = try await SQLiteDatabase.open(.init(path: folder + "/store.db"))
            try await database.write { try await $0.execute(create) }
            let rounds = rows / callers / batch
            var waits: [Duration] = []
            let clock = ContinuousClock()
            let start = clock.now
            try await withThrowingTaskGroup(of: [Duration].self) { group in
                for caller in 0..<callers {
                    group.addTask {
                        var waits: [Duration] = []
                        for round in 0..<rounds {
                            let columns = columns(batch, from: (caller * rounds + round) * batch)
                            let asked = clock.now
                            try await database.write { try await $0.insert(into: "events", columns) }
                            waits.append(clock.now - asked)
                        }
                        return waits
                    }
                }
                for try await more in group { waits += more }
            }
            let time = clock.now - start
            waits.sort()
            let p99 = waits[waits.count * 99 / 100] / .milliseconds(1)
            let longest = (waits.last ?? .zero) / .milliseconds(1)
            print("    \(callers) callers, \(batch) rows each: p99 \(p99) ms, longest \(longest) ms")
            await database.close()
            return Double(rounds * callers * batch) / (time / .seconds(1))
        }
    }

    /// Rows a second of a loop of C calls that commits every `batch` rows.
    static func raw(batch: Int, rows: Int) async throws -> Double {
        try await withFolder { folder in
            var opened: OpaquePointer?
            unsafe sqlite3_open(folder + "/raw.db", &opened)
            for text in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", create.text(.sqlite)] {
                unsafe sqlite3_exec(opened, text, nil, nil, nil)
            }
            var insert: OpaquePointer?
            let text =
                "INSERT INTO events (source, chat, sequence, kind, at, payload) VALUES (?, ?, ?, ?, ?, ?)"
            unsafe sqlite3_prepare_v2(opened, text, -1, &insert, nil)
            let start = ContinuousClock.now
            unsafe payload.withUnsafeBytes { payload in
                for row in 0..<rows {
                    if row % batch == 0 { unsafe sqlite3_exec(opened, "BEGIN IMMEDIATE", nil, nil, nil) }
                    for column in [1, 2, 3, 5] as [Int32] {
                        unsafe sqlite3_bind_int64(insert, column, Int64(row))
                    }
                    unsafe sqlite3_bind_text(insert, 4, "message.received", 16, nil)
                    unsafe sqlite3_bind_blob(insert, 6, payload.baseAddress, 600, nil)
                    unsafe sqlite3_step(insert)
                    unsafe sqlite3_reset(insert)
                    if row % batch == batch - 1 { unsafe sqlite3_exec(opened, "COMMIT", nil, nil, nil) }
                }
            }
            let time = ContinuousClock.now - start
            unsafe sqlite3_finalize(insert)
            unsafe sqlite3_close(opened)
            return Double(rows) / (time / .seconds(1))
        }
    }

    static func withFolder(_ body: (String) async throws -> Double) async throws -> Double {
        let folder = FileManager.default.temporaryDirectory.appending(path: "heliograph-\(UUID())").path
        // What stays behind in the temporary folder does no harm.
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        return try await body(folder)
    }

    static func write(callers: Int, batch: Int) async throws {
        let rows = callers * batch == 1 ? 5_000 : 256_000
        var ratios: [Double] = []
        for _ in 0..<3 {
            let reference = try await Self.raw(batch: callers == 1 ? batch : 64, rows: rows)
            let ours = try await Self.writing(callers, batch: batch, rows: rows)
            ratios.append(ours / reference)
            print("    \(Int(ours)) rows/s; raw C calls \(Int(reference)) rows/s; ratio \(ours / reference)")
        }
        print("  \(callers) callers, \(batch) rows each: median ratio \(ratios.sorted()[1])")
    }

    static func read() async throws {
        _ = try await Self.withFolder { folder in
            let database = try await SQLiteDatabase.open(.init(path: folder + "/store.db"))
            try await database.write { transaction in
                try await transaction.execute(
                    """
                    CREATE TABLE wide (position INTEGER PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER, e TEXT,
                    f TEXT, g INTEGER, h INTEGER, payload BLOB) STRICT
                    """)
                let numbers = (1...100_000).map { Optional(Int64($0)) }
                let names: [SQL] = ["position", "a", "b", "c", "d", "g", "h"]
                try await transaction.insert(
                    into: "wide",
                    names.map { Column($0, .integers(numbers)) } + [
                        Column("e", .texts(numbers.map { _ in "message.received" })),
                        Column("f", .texts(numbers.map { _ in "a somewhat longer text than fits" })),
                        Column("payload", .bytes(numbers.map { _ in Self.payload })),
                    ])
            }
            for _ in 0..<3 {
                let start = ContinuousClock.now
                var count = 0
                for page in 0..<100 {
                    count += try await database.read { transaction in
                        var sum: Int64 = 0
                        let rows = try await transaction.all(
                            """
                            SELECT position, a, b, c, d, e, f, g, h, payload FROM wide WHERE position > $1
                            ORDER BY position LIMIT $2
                            """, [.integer(Int64(page * 1_000)), 1_000]
                        ) { row in
                            for column in [0, 1, 2, 3, 4, 7, 8] { sum &+= try row.integer(column) }
                            return (sum, try row.text(5), try row.text(6), try row.bytes(9))
                        }
                        return rows.count
                    }
                }
                let time = (ContinuousClock.now - start) / .seconds(1)
                print("  pages of 1,000 rows with 10 columns: \(Int(Double(count) / time)) rows/s")
            }
            await database.close()
            return 0
        }
    }
}
