import Base
import Foundation
import Reactor
import Store
import StorePostgres
import StoreTesting
import Testing

struct StatementTests {
    @Test func `values come back as they were given, in every type that is known`() async throws {
        try await withPostgres { database, _ in
            let row = try await database.read { transaction in
                try await transaction.first(
                    """
                    SELECT $1::bigint, $2::int, $3::smallint, $4::bool, $5::float8, $6::real, $7::text, $8::bytea,
                    $9::varchar, $10::bigint
                    """,
                    [
                        .integer(.min), -7, 300, 1, .real(0.1), .real(0.5), "né\u{1F600}", .bytes([0, 255]),
                        "", nil,
                    ]
                ) { row in try (0..<row.columnCount).map { try row.value($0) } }
            }
            #expect(
                row == [
                    .integer(.min), -7, 300, 1, .real(0.1), .real(0.5), "né\u{1F600}", .bytes([0, 255]), "",
                    nil,
                ])
        }
    }

    @Test(
        arguments: [
            ("SELECT $1::int", Value.integer(1 << 40), "beyond type int4"),
            ("SELECT $1::int", "x", "given a text"),
            ("SELECT $1::text", 1, "given an integer"), ("SELECT $1::bytea", "x", "given a text"),
            ("SELECT $1::numeric", 1, "not supported"), ("SELECT $1::bool", 2, "beyond type bool"),
        ] as [(SQL, Value, String)])
    func `a value that does not fit its parameter is a clear error`(
        statement: SQL, value: Value, words: String
    ) async throws {
        try await withPostgres { database, _ in
            let error = await failure {
                try await database.read { _ = try await $0.all(statement, [value]) { _ in } }
            }
            #expect(error?.code == .misuse)
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test(
        arguments: [
            ("SELECT 1.5::numeric", "not supported"),
            ("SELECT 'x'::text", "of type text, not a whole number"),
            ("SELECT NULL::bigint", "is null"), ("SELECT now()", "not supported"),
        ] as [(SQL, String)])
    func `a column that is read as something else is a clear error, and no more than that`(
        statement: SQL, words: String
    ) async throws {
        try await withPostgres { database, _ in
            let error = await failure {
                try await database.read { _ = try await $0.all(statement) { try $0.integer(0) } }
            }
            #expect(error?.code == .misuse)
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
            let still = try await database.read { try await $0.first("SELECT 1") { try $0.integer(0) } }
            #expect(still == 1)
        }
    }

    @Test func `messages never hold a parameter's value`() async throws {
        try await withPostgres { database, _ in
            try await database.change("CREATE TABLE t (a text PRIMARY KEY, b int)")
            let secret: Value = "hunter2"
            let unique = await failure {
                try await database.write { transaction in
                    for _ in 0..<2 { try await transaction.execute("INSERT INTO t VALUES ($1, 1)", [secret]) }
                }
            }
            let cast = await failure {
                try await database.change("INSERT INTO t VALUES ('x', $1::text::int)", [secret])
            }
            #expect(unique?.code == .notUnique)
            #expect(cast?.code == .misuse)
            for error in [unique, cast] { #expect(error?.message.contains("hunter2") == false) }
        }
    }

    @Test func `a table of many rows goes in and comes out, with what is null`() async throws {
        try await withPostgres { database, _ in
            let count = 50_000
            try await database.write { transaction in
                try await transaction.execute("CREATE TABLE t (a bigint, b text, c bytea, d float8, e int)")
                try await transaction.insert(
                    into: "t",
                    [
                        Column("a", .integers((0..<count).map { Int64($0) })),
                        Column("b", .texts((0..<count).map { $0 % 3 == 0 ? nil : "text \($0)" })),
                        Column("c", .bytes((0..<count).map { $0 % 5 == 0 ? nil : Bytes("bytes \($0)") })),
                        Column("d", .reals((0..<count).map { $0 % 7 == 0 ? nil : Double($0) / 4 })),
                        Column("e", .integers((0..<count).map { $0 % 2 == 0 ? nil : Int64($0) })),
                    ])
            }
            let wrong = try await database.read { transaction in
                var next: Int64 = 0
                var wrong = 0
                try await transaction.query("SELECT * FROM t ORDER BY a", []) { row in
                    let text = next % 3 == 0 ? nil : "text \(next)"
                    let bytes = next % 5 == 0 ? nil : Bytes("bytes \(next)")
                    let real: Value = next % 7 == 0 ? .null : .real(Double(next) / 4)
                    let number = next % 2 == 0 ? nil : next
                    if try row.integer(0) != next || row.optionalText(1) != text
                        || row.optionalBytes(2) != bytes
                        || row.value(3) != real || row.optionalInteger(4) != number
                    {
                        wrong += 1
                    }
                    next += 1
                }
                return (wrong, next)
            }
            #expect(wrong == (0, Int64(count)))
        }
    }

    @Test func `no more statements are kept than allowed, and those given up can be used again`() async throws
    {
        var settings = PostgresSettings.patient
        settings.connectionsMax = 1
        settings.statementsMax = 4
        try await withPostgres(settings) { database, _ in
            for round in 0..<40 {
                let sum = try await database.read { transaction in
                    var text: SQL = "SELECT $1::bigint"
                    for _ in 0..<round % 10 { text += " + 1" }
                    return try await transaction.first(text, [1]) { try $0.integer(0) }
                }
                #expect(sum == Int64(1 + round % 10))
            }
            let kept = try await database.read {
                try await $0.first("SELECT count(*) FROM pg_prepared_statements") { try $0.integer(0) }
            }
            #expect(try #require(kept) <= 6)
        }
    }

    @Test func `a statement whose result a migration changes is prepared anew`() async throws {
        var settings = PostgresSettings.patient
        settings.connectionsMax = 1
        try await withPostgres(settings) { database, _ in
            try await database.change("CREATE TABLE t (a bigint)")
            let columns = { @Sendable () async throws in
                try await database.read { transaction in
                    _ = try await transaction.all("SELECT * FROM t") { _ in }
                    return try await transaction.first("SELECT t.* FROM (SELECT 1) x LEFT JOIN t ON true") {
                        $0.columnCount
                    }
                }
            }
            #expect(try await columns() == 1)
            try await database.change("ALTER TABLE t ADD b text")
            #expect(try await columns() == 2)
        }
    }

    @Test func `what follows a failed statement says so, and the failure cannot be swallowed`() async throws {
        try await withPostgres { database, _ in
            try await database.change("CREATE TABLE t (a bigint PRIMARY KEY)")
            let error = await failure {
                try await database.write { transaction in
                    try await transaction.execute("INSERT INTO t VALUES (1)")
                    let first = await failure { try await transaction.execute("INSERT INTO t VALUES (1)") }
                    #expect(first?.code == .notUnique)
                    let second = await failure { try await transaction.execute("INSERT INTO t VALUES (2)") }
                    #expect(second?.message.contains("the transaction has failed before") == true)
                }
            }
            #expect(error?.code == .notUnique)
            let count = try await database.read {
                try await $0.first("SELECT count(*) FROM t") { try $0.integer(0) }
            }
            #expect(count == 0)
        }
    }

    @Test func `an insert that nobody waited for fails the transaction all the same`() async throws {
        try await withPostgres { database, _ in
            try await database.change("CREATE TABLE t (a bigint PRIMARY KEY)")
            let error = await failure {
                try await database.write { transaction in
                    for _ in 0..<3 {
                        try await transaction.insert(into: "t", [Column("a", .integers([1, 2]))])
                    }
                }
            }
            #expect(error?.code == .notUnique)
            let fine = try await database.write { transaction in
                try await transaction.insert(into: "t", [Column("a", .integers([1, 2]))])
                return try await transaction.first("SELECT count(*) FROM t") { try $0.integer(0) }
            }
            #expect(fine == 2)
        }
    }

    @Test func `a body that throws undoes what it sent without waiting`() async throws {
        struct Stop: Error {}
        var settings = PostgresSettings.patient
        settings.connectionsMax = 1
        try await withPostgres(settings) { database, _ in
            try await database.change("CREATE TABLE t (a bigint PRIMARY KEY)")
            for _ in 0..<3 {
                await #expect(throws: Stop.self) {
                    try await database.write { transaction in
                        // Fails as well, and that is not the next transaction's business.
                        try await transaction.insert(into: "t", [Column("a", .integers([1, 1]))])
                        throw Stop()
                    }
                }
            }
            let count = try await database.write {
                try await $0.first("SELECT count(*) FROM t") { try $0.integer(0) }
            }
            #expect(count == 0)
        }
    }

    @Test func `a read cannot write`() async throws {
        try await withPostgres { database, _ in
            let error = await failure {
                try await database.read { _ = try await $0.all("CREATE TABLE t (a int)") { _ in } }
            }
            #expect(error?.code == .misuse)
        }
    }

    @Test func `rows are lent one at a time, so that a large result needs little memory`() async throws {
        try await withPostgres { _, place in
            // In a process of its own: the other tests of this one take memory too.
            await #expect(processExitsWith: .success) { [url = place.server.url(place.name) as String] in
                let group = try EventLoopGroup(count: 1)
                let database = try PostgresDatabase(Secret(url), loops: group.loops)
                _ = try await database.read { try await $0.first("SELECT 1") { try $0.integer(0) } }
                let before = residentBytes()
                let (rows, peak) = try await database.read { transaction in
                    var rows = 0
                    var peak = 0
                    try await transaction.query(
                        "SELECT repeat('x', 1000) FROM generate_series(1, 300000)", []
                    ) {
                        _ in
                        rows += 1
                        if rows % 10_000 == 0 { peak = max(peak, residentBytes()) }
                    }
                    return (rows, peak)
                }
                #expect(rows == 300_000)
                #expect(peak - before < 60 << 20, "300 MB of rows took \((peak - before) >> 20) MiB")
                await database.close()
                group.shutdown()
            }
        }
    }

    @Test func `the size grows with the content, and no damage is found`() async throws {
        try await withPostgres { database, _ in
            let before = try await database.sizeBytes()
            try await database.write { transaction in
                try await transaction.execute("CREATE TABLE t (a bigint PRIMARY KEY, b text)")
                try await transaction.execute(
                    "INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 5000) i")
            }
            #expect(try await database.sizeBytes() > before)
            #expect(try await database.checkIntegrity() == [])
            #expect(
                try await database.uncheckedIntegrity().contains { $0.contains("CREATE EXTENSION amcheck") })
            try await database.change("CREATE EXTENSION amcheck")
            #expect(try await database.checkIntegrity() == [])
        }
    }
}

private func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0) * 4096
}
