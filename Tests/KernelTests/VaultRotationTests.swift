import Base
import Kernel
import Store
import StoreTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct VaultRotationTests {
    static let numbers = SealedColumn(table: "bots", id: "id", kind: .integer, column: "token")
    static let texts = SealedColumn(table: "hooks", id: "name", kind: .text, column: "secret")

    static let schema = Migration(
        2, "tables with secrets",
        up: [
            SQL(
                sqlite: "CREATE TABLE bots (id INTEGER PRIMARY KEY, token BLOB) STRICT",
                postgres: "CREATE TABLE bots (id BIGINT PRIMARY KEY, token BYTEA)"),
            SQL(
                sqlite: "CREATE TABLE hooks (name TEXT PRIMARY KEY, secret BLOB) STRICT",
                postgres: "CREATE TABLE hooks (name TEXT PRIMARY KEY, secret BYTEA)"),
        ], down: ["DROP TABLE hooks", "DROP TABLE bots"])

    private func ring(_ ids: Int...) throws -> KeyRing {
        try KeyRing(
            ids.map {
                try VaultKey(id: UInt32($0), secret: Secret(Bytes([UInt8](repeating: UInt8($0), count: 32))))
            })
    }

    private func withTables(_ backend: Backend, _ body: (any Database, Vault) async throws -> Void)
        async throws
    {
        try await withDatabase(backend) { database in
            try await Migrator(database, [VaultSchema.migration(1), Self.schema]).up()
            try await body(database, Vault(ring(1)))
        }
    }

    /// Bots -3 … 46, every tenth without a token.
    private func fill(_ database: any Database, _ vault: Vault) async throws {
        try await database.write { transaction in
            for id in -3..<47 as Range<Int64> {
                let place = Place(table: "bots", row: id, column: "token")
                let token = id % 10 == 0 ? nil : try vault.seal(Bytes("token \(id)"), for: place)
                try await transaction.execute(
                    "INSERT INTO bots (id, token) VALUES ($1, $2)", [.integer(id), .bytes(token)])
            }
        }
    }

    /// All tokens, opened by a vault.
    private func tokens(_ database: any Database, _ vault: Vault) async throws -> [String] {
        let rows = try await database.read { transaction in
            try await transaction.all("SELECT id, token FROM bots WHERE token IS NOT NULL ORDER BY id") {
                (id: try $0.integer(0), token: try $0.bytes(1))
            }
        }
        return try rows.map {
            try vault.open($0.token, for: Place(table: "bots", row: $0.id, column: "token")).repairedText
        }
    }

    private static let expected = (-3..<47).filter { $0 % 10 != 0 }.map { "token \($0)" }

    @Test(arguments: Backend.allCases, [1, 7, 100])
    func `all rows are sealed anew, and the old key is not needed any more`(backend: Backend, stepMax: Int)
        async throws
    {
        try await withTables(backend) { database, vault in
            try await fill(database, vault)
            vault.replaceKeys(try ring(2, 1))
            let rotation = VaultRotation(database, vault, stepMax: stepMax, pause: .zero)
            let before = try await rotation.remaining(Self.numbers)
            #expect(before == 45)
            let report = try await rotation.run(Self.numbers)
            #expect(report.rewritten == 45)
            #expect(report.isComplete)
            let after = try await rotation.remaining(Self.numbers)
            #expect(after == 0)
            let opened = try await tokens(database, Vault(ring(2)))
            #expect(opened == Self.expected)
            let again = try await rotation.run(Self.numbers)
            #expect(again.rewritten == 0)
            #expect(again.isComplete)
        }
    }

    @Test(arguments: Backend.allCases)
    func `tables whose keys are texts are rotated as well`(backend: Backend) async throws {
        try await withTables(backend) { database, vault in
            let names = ["", "a", "B", "é", "a'b", "z\"; DROP"]
            try await database.write { transaction in
                for name in names {
                    let place = Place(table: "hooks", row: name, column: "secret")
                    try await transaction.execute(
                        "INSERT INTO hooks (name, secret) VALUES ($1, $2)",
                        [.text(name), .bytes(vault.seal(Bytes(name), for: place))])
                }
            }
            vault.replaceKeys(try ring(2, 1))
            let report = try await VaultRotation(database, vault, stepMax: 2, pause: .zero).run(Self.texts)
            #expect(report.rewritten == names.count)
            #expect(report.isComplete)
        }
    }

    /// A database whose writes fail after so many.
    private final class Failing: Database {
        let inner: any Database
        let left: Mutex<Int>
        init(_ inner: any Database, after count: Int) {
            self.inner = inner
            left = Mutex(count)
        }
        struct Crash: Error {}
        var dialect: Dialect { inner.dialect }
        var state: DatabaseState { inner.state }
        func read<R: Sendable>(
            _ body: @escaping @Sendable (any ReadTransaction) async throws -> R
        ) async throws -> R { try await inner.read(body) }
        func write<R: Sendable>(
            _ body: @escaping @Sendable (any Transaction) async throws -> R
        ) async throws -> R {
            let isLeft = left.withLock { left in
                left -= 1
                return left >= 0
            }
            guard isLeft else { throw Crash() }
            return try await inner.write(body)
        }
        func checkIntegrity() async throws -> [String] { try await inner.checkIntegrity() }
        func sizeBytes() async throws -> Int64 { try await inner.sizeBytes() }
        func close() async { await inner.close() }
    }

    @Test(arguments: Backend.allCases)
    func `an interrupted rotation goes on where it was`(backend: Backend) async throws {
        try await withTables(backend) { database, vault in
            try await fill(database, vault)
            vault.replaceKeys(try ring(2, 1))
            let failing = Failing(database, after: 3)
            await #expect(throws: Failing.Crash.self) {
                try await VaultRotation(failing, vault, stepMax: 5, pause: .zero).run(Self.numbers)
            }
            let rotation = VaultRotation(database, vault, stepMax: 5, pause: .zero)
            let left = try await rotation.remaining(Self.numbers)
            #expect(left == 30)
            let opened = try await tokens(database, vault)
            #expect(opened == Self.expected)
            let through = try await database.read { transaction in
                try await transaction.first("SELECT through, finished_at FROM vault_rotations") {
                    [try $0.text(0), try $0.optionalInteger(1).map { "\($0)" } ?? "unfinished"]
                }
            }
            #expect(through == ["13", "unfinished"])
            let report = try await rotation.run(Self.numbers)
            #expect(report.rewritten == 30)
            #expect(report.isComplete)
        }
    }

    private final class Progress: Sendable {
        let isWriting = Atomic(true)
        let written = Mutex<[Int64: Int]>([:])
    }

    @Test(arguments: Backend.allCases)
    func `what others write meanwhile is never lost, and is sealed anew as well`(backend: Backend)
        async throws
    {
        try await withTables(backend) { database, vault in
            try await fill(database, vault)
            // A node that has not heard of the new key goes on for a while with the old one.
            let oldNode = Vault(try ring(1, 2))
            vault.replaceKeys(try ring(2, 1))
            let rotation = VaultRotation(database, vault, stepMax: 3, pause: .milliseconds(1))
            let progress = Progress()
            let report = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for round in 1...60 {
                        let id = Int64(round * 7 % 50) - 3
                        let place = Place(table: "bots", row: id, column: "token")
                        let token = try oldNode.seal(Bytes("new \(round)"), for: place)
                        try await database.write { transaction in
                            try await transaction.execute(
                                "UPDATE bots SET token = $1 WHERE id = $2", [.bytes(token), .integer(id)])
                        }
                        progress.written.withLock { $0[id] = round }
                    }
                    progress.isWriting.store(false, ordering: .releasing)
                }
                var report = try await rotation.run(Self.numbers)
                while progress.isWriting.load(ordering: .acquiring) {
                    report = try await rotation.run(Self.numbers)
                }
                try await group.waitForAll()
                report = try await rotation.run(Self.numbers)
                return report
            }
            #expect(report.isComplete)
            let remaining = try await rotation.remaining(Self.numbers)
            #expect(remaining == 0)
            let opened = try await database.read { transaction in
                try await transaction.all("SELECT id, token FROM bots WHERE token IS NOT NULL") {
                    (id: try $0.integer(0), token: try $0.bytes(1))
                }
            }
            let newest = Vault(try ring(2))
            for row in opened {
                let text = try newest.open(row.token, for: Place(table: "bots", row: row.id, column: "token"))
                let round = progress.written.withLock { $0[row.id] }
                #expect(text.repairedText == (round.map { "new \($0)" } ?? "token \(row.id)"))
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `two rotations at once do no harm`(backend: Backend) async throws {
        try await withTables(backend) { database, vault in
            try await fill(database, vault)
            vault.replaceKeys(try ring(2, 1))
            let rotation = VaultRotation(database, vault, stepMax: 3, pause: .zero)
            async let one = rotation.run(Self.numbers)
            async let two = rotation.run(Self.numbers)
            let rewritten = try await one.rewritten + two.rewritten
            #expect(rewritten == 45)
            let opened = try await tokens(database, Vault(ring(2)))
            #expect(opened == Self.expected)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a row that cannot be opened is told, left alone, and holds up no other`(backend: Backend)
        async throws
    {
        try await withTables(backend) { database, vault in
            try await fill(database, vault)
            let foreign = try Vault(ring(9)).seal("x", for: Place(table: "bots", row: 5, column: "token"))
            try await database.write { transaction in
                try await transaction.execute("UPDATE bots SET token = $1 WHERE id = 5", [.bytes(foreign)])
                try await transaction.execute("UPDATE bots SET token = $1 WHERE id = 6", [.bytes("plain")])
            }
            vault.replaceKeys(try ring(2, 1))
            let rotation = VaultRotation(database, vault, stepMax: 10, pause: .zero)
            let report = try await rotation.run(Self.numbers)
            #expect(report.rewritten == 43)
            #expect(report.unreadable == 2)
            #expect(report.unreadableRows == ["5", "6"])
            #expect(!report.isComplete)
            let remaining = try await rotation.remaining(Self.numbers)
            #expect(remaining == 2)
        }
    }
}
