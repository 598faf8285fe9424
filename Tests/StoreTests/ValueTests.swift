import Base
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct ValueTests {
    static let table: SQL =
        "CREATE TABLE kinds (i " + SQL(sqlite: "INTEGER", postgres: "BIGINT") + ", r "
        + SQL(sqlite: "REAL", postgres: "DOUBLE PRECISION") + ", t TEXT, b "
        + SQL(sqlite: "BLOB", postgres: "BYTEA") + ")" + SQL(sqlite: " STRICT", postgres: "")

    /// Writes a row of values by `execute` and one by `insert`, and reads both.
    private func roundTrip(_ backend: Backend, _ column: SQL, _ value: Value, _ values: Column.Values)
        async throws
        -> [Value]
    {
        let place = try TestDatabase(backend)
        defer { place.remove() }
        let database = try await place.open()
        try await database.write { transaction in
            try await transaction.execute(Self.table)
            try await transaction.execute("INSERT INTO kinds (" + column + ") VALUES ($1)", [value])
            try await transaction.insert(into: "kinds", [Column(column, values)])
        }
        let found = try await database.read { transaction in
            try await transaction.all("SELECT " + column + " FROM kinds") { try $0.value(0) }
        }
        await database.close()
        return found
    }

    @Test(arguments: Backend.allCases, [0, 1, -1, 1 << 31, 1 << 53 + 1, .min, .max])
    func `a whole number comes back as it was`(backend: Backend, number: Int64) async throws {
        let found = try await roundTrip(backend, "i", .integer(number), .integers([number]))
        #expect(found == [.integer(number), .integer(number)])
    }

    @Test(arguments: Backend.allCases, [0.0, -0.5, 1e-300, .greatestFiniteMagnitude, .infinity, -.infinity])
    func `a number comes back as it was`(backend: Backend, number: Double) async throws {
        let found = try await roundTrip(backend, "r", .real(number), .reals([number]))
        #expect(found == [.real(number), .real(number)])
    }

    @Test(
        arguments: Backend.allCases,
        ["", "a", "it's \"quoted\" \\ $1 ; --", "line\nline\t\u{1}", "żółć 😀 \u{FFFF} e\u{301}", "é"])
    func `a text comes back as it was`(backend: Backend, text: String) async throws {
        let found = try await roundTrip(backend, "t", .text(text), .texts([text]))
        for value in found {
            guard case .text(let back) = value else { Issue.record("no text"); continue }
            #expect(Array(back.unicodeScalars) == Array(text.unicodeScalars))
        }
        #expect(found.count == 2)
    }

    @Test(arguments: Backend.allCases, [0, 1, 255, 4096, 1 << 20])
    func `bytes come back as they were`(backend: Backend, count: Int) async throws {
        let bytes = Bytes((0..<count).map { UInt8(truncatingIfNeeded: $0) })
        let found = try await roundTrip(backend, "b", .bytes(bytes), .bytes([bytes]))
        #expect(found == [.bytes(bytes), .bytes(bytes)])
    }

    @Test(arguments: Backend.allCases) func `a part of bytes is stored alone`(backend: Backend) async throws {
        let bytes = Bytes("before inside after").part(7, 6)
        let found = try await roundTrip(backend, "b", .bytes(bytes), .bytes([bytes]))
        #expect(found == [.bytes("inside"), .bytes("inside")])
    }

    @Test(arguments: Backend.allCases, ["i", "r", "t", "b"] as [SQL])
    func `nothing comes back as nothing`(backend: Backend, column: SQL) async throws {
        let values: Column.Values =
            switch column {
            case "i": .integers([nil])
            case "r": .reals([nil])
            case "t": .texts([nil])
            default: .bytes([nil])
            }
        #expect(try await roundTrip(backend, column, .null, values) == [.null, .null])
    }

    @Test(arguments: Backend.allCases, [Value.text("a\0b"), .texts(["a", "\0"]), .real(.nan)])
    func `what one database cannot store is refused by each`(backend: Backend, value: Value) async throws {
        try await withDatabase(backend) { database in
            let error = await #expect(throws: StoreError.self) {
                try await database.read { try await $0.query("SELECT $1", [value]) { _ in } }
            }
            #expect(error?.code == .misuse)
        }
    }

    @Test(arguments: Backend.allCases) func `a text with U+0000 is not inserted`(backend: Backend)
        async throws
    {
        try await withItems(backend) { database in
            let error = await #expect(throws: StoreError.self) {
                try await database.write { transaction in
                    try await transaction.insert(
                        into: "items",
                        [Column("id", .integers([1, 2])), Column("name", .texts(["a", "\0"]))])
                }
            }
            #expect(error?.code == .misuse)
            let count = try await Items.count(in: database)
            #expect(count == 0)
        }
    }

    @Test(arguments: Backend.allCases) func `optional columns tell nothing from something`(backend: Backend)
        async throws
    {
        try await withDatabase(backend) { database in
            try await database.write { transaction in
                try await transaction.execute(Self.table)
                try await transaction.execute(
                    "INSERT INTO kinds (i, t, b) VALUES ($1, $2, $3)", [1, "a", .bytes("b")])
                try await transaction.execute("INSERT INTO kinds (r) VALUES ($1)", [.real(1)])
            }
            let rows = try await database.read { transaction in
                try await transaction.all("SELECT i, t, b, r IS NULL FROM kinds ORDER BY i NULLS LAST") {
                    row in
                    (try row.optionalInteger(0), try row.optionalText(1), try row.optionalBytes(2))
                }
            }
            #expect(rows.map(\.0) == [1, nil])
            #expect(rows.map(\.1) == ["a", nil])
            #expect(rows.map(\.2) == [Bytes("b"), nil])
        }
    }
}
