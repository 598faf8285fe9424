import Base
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct FailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let sql: SQL
        var parameters: [Value] = []
        let code: StoreError.Code
        var testDescription: String { sql.text(.sqlite) }
    }

    static let cases: [Case] = [
        Case(sql: "INSERT INTO items (id, name) VALUES (1, 'again')", code: .notUnique),
        Case(
            sql: "INSERT INTO items (id, name) VALUES ($1, $2)", parameters: [1, "SECRET"], code: .notUnique),
        Case(sql: "INSERT INTO items (id, name) VALUES (2, NULL)", code: .constraint),
        Case(sql: "INSERT INTO owned (item) VALUES (99)", code: .constraint),
        Case(sql: "INSERT INTO owned (item, size) VALUES (1, -5)", code: .constraint),
        Case(sql: "SELEKT 1", code: .misuse),
        Case(sql: "SELECT nothing FROM items", code: .misuse),
        Case(sql: "SELECT * FROM nowhere", code: .misuse),
        Case(sql: "SELECT $1", code: .misuse),
        Case(sql: "SELECT 1", parameters: ["SECRET"], code: .misuse),
        Case(sql: "UPDATE items SET id = $1", parameters: [.text("SECRET")], code: .misuse),
    ]

    private static let owned: SQL =
        "CREATE TABLE owned (item BIGINT REFERENCES items (id), size BIGINT CHECK (size > 0))"

    @Test(arguments: Backend.allCases, cases)
    func `a failure says what kind it is, and no value`(backend: Backend, failing: Case) async throws {
        try await withItems(backend) { database in
            try await database.write { transaction in
                try await transaction.execute(Self.owned)
                try await Items.add(1, in: transaction)
            }
            let error = await #expect(throws: StoreError.self) {
                try await database.write { try await $0.execute(failing.sql, failing.parameters) }
            }
            #expect(error?.code == failing.code)
            #expect(error?.message.contains("SECRET") == false)
            #expect(try await Items.count(in: database) == 1)
            #expect(database.state == .ready)
        }
    }

    @Test(arguments: Backend.allCases)
    func `rows of the same key are not inserted`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let error = await #expect(throws: StoreError.self) {
                try await database.write { transaction in
                    try await transaction.insert(
                        into: "items",
                        [Column("id", .integers([1, 2, 1])), Column("name", .texts(["a", "b", "c"]))])
                }
            }
            #expect(error?.code == .notUnique)
            let count = try await Items.count(in: database)
            #expect(count == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `columns of unequal length are refused`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let error = await #expect(throws: StoreError.self) {
                try await database.write { transaction in
                    try await transaction.insert(
                        into: "items", [Column("id", .integers([1, 2])), Column("name", .texts(["a"]))])
                }
            }
            #expect(error?.code == .misuse)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a column of another kind is an error`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await Items.add(1, to: database)
            let reads: [@Sendable (borrowing Row) throws -> Void] = [
                { _ = try $0.integer(1) }, { _ = try $0.text(0) }, { _ = try $0.real(1) },
                { _ = try $0.text(2) },
                { _ = try $0.integer(2) }, { _ = try $0.integer(-1) },
            ]
            for read in reads {
                let error = await #expect(throws: StoreError.self) {
                    try await database.read { transaction in
                        try await transaction.query("SELECT id, name, NULL FROM items", [], read)
                    }
                }
                #expect(error?.code == .misuse)
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `after a failed call the transaction comes to nothing`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let error = await #expect(throws: StoreError.self) {
                try await database.write { transaction in
                    try await Items.add(1, in: transaction)
                    try? await Items.add(1, in: transaction)
                }
            }
            #expect(error?.code == .notUnique)
            let count = try await Items.count(in: database)
            #expect(count == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `who does not like a row has not failed the transaction`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await database.write { transaction in
                try await Items.add(1, in: transaction)
                try await Items.add(2, in: transaction)
                await #expect(throws: Refusal.self) {
                    try await transaction.query("SELECT id FROM items", []) { _ in throw Refusal() }
                }
                try await Items.add(3, in: transaction)
            }
            #expect(try await Items.count(in: database) == 3)
        }
    }

    @Test(arguments: Backend.allCases)
    func `what a body throws undoes it and reaches its caller`(backend: Backend) async throws {
        try await withItems(backend) { database in
            await #expect(throws: Refusal()) {
                try await database.write { transaction in
                    try await Items.add(1, in: transaction)
                    throw Refusal()
                }
            }
            #expect(try await Items.count(in: database) == 0)
            try await Items.add(1, to: database)
            #expect(try await Items.count(in: database) == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a reader cannot write`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let error = await #expect(throws: StoreError.self) {
                try await database.read { transaction in
                    try await transaction.query(
                        "INSERT INTO items (id, name) VALUES (1, 'a') RETURNING id", []
                    ) { _ in }
                }
            }
            #expect(error?.code == .misuse)
            let count = try await Items.count(in: database)
            #expect(count == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a transaction is of no use after its body`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let kept = Kept()
            try await database.write { kept.transaction = $0 }
            let error = await #expect(throws: StoreError.self) { try await kept.use() }
            #expect(error?.code == .misuse)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a constraint that is checked at the end fails its own caller alone`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await database.write { transaction in
                try await transaction.execute(
                    "CREATE TABLE late (item BIGINT REFERENCES items (id) DEFERRABLE INITIALLY DEFERRED)")
            }
            let codes = await withTaskGroup { group in
                for id in 0..<50 {
                    group.addTask { () -> StoreError.Code? in
                        do {
                            try await database.write { transaction in
                                try await transaction.execute(
                                    "INSERT INTO late (item) VALUES ($1)", [.integer(Int64(id))])
                                if id % 10 != 0 { try await Items.add(id, in: transaction) }
                            }
                            return nil
                        } catch { return (error as? StoreError)?.code }
                    }
                }
                return await group.reduce(into: [StoreError.Code]()) { if let code = $1 { $0.append(code) } }
            }
            #expect(codes == Array(repeating: .constraint, count: 5))
            #expect(try await Items.count(in: database) == 45)
        }
    }
}

/// A transaction that was kept, as it should not be.
// SAFETY: one test writes it, and reads it after that.
private final class Kept: @unchecked Sendable {
    var transaction: (any Transaction)?

    func use() async throws { try await transaction?.execute("DELETE FROM items") }
}
