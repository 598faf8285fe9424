import Base
import Kernel
import Store
import StoreTesting
import Synchronization
import Testing

/// A backup in memory.
private final class Tape: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var content: [UInt8] { bytes.withLock(\.self) }
    func write(_ piece: Bytes) { bytes.withLock { $0 += piece } }
    func change(_ body: (inout [UInt8]) -> Void) { bytes.withLock { body(&$0) } }

    func open() -> BackupSource {
        let content = Bytes(self.content)
        let place = Mutex(0)
        return { count in
            place.withLock { place in
                let count = min(count, content.count - place)
                defer { place += count }
                return content.part(place, count)
            }
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct BackupTests {
    static let steps = [LogSchema.migration]
    static let pairs = Backend.allCases.flatMap { from in Backend.allCases.map { (from, $0) } }

    private static func tape(of database: any Database) async throws -> Tape {
        let tape = Tape()
        _ = try await Backup(database).make(schema: 1) { tape.write($0) }
        return tape
    }

    @Test(arguments: pairs)
    func `what is restored is what was backed up, in either database`(from: Backend, into: Backend)
        async throws
    {
        try await withLog(from) { log, database in
            _ = try await log.append([
                message("ä", key: "k"), message("", chat: -5), EventDraft(source: .gateway, kind: "x"),
                EventDraft(source: .bot(.max), kind: "y", chat: .min, payload: Bytes([0, 255, 0])),
            ])
            try await Cursors(database).commit(3, for: "reader")
            try await Retention(database).set(RetentionPolicy(content: .metadata), for: "bot:1")
            let before = try await log.reader(from: .start).take(4)
            let tape = try await Self.tape(of: database)
            try await withDatabase(into) { copy in
                #expect(try await Restore(into: copy, Self.steps).run { tape.open() } == 7)
                let restored = try await EventLog(copy)
                defer { restored.close() }
                let after = try await restored.reader(from: .start).take(4)
                #expect(after.map(\.content) == before.map(\.content))
                #expect(after.map(\.sequence) == before.map(\.sequence))
                #expect(after.map(\.recordedAt) == before.map(\.recordedAt))
                #expect(try await Cursors(copy).position(of: "reader") == 3)
                // It goes on where the other one was.
                let more = try await restored.append([message("a", key: "k"), message("b")])
                #expect(more == [.duplicate(of: 1), .new(5)])
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a backup under load is one moment of the log`(backend: Backend) async throws {
        try await withLog(backend) { log, database in
            _ = try await log.append((0..<100).map { message("\($0)") })
            let tape = try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        while !Task.isCancelled { _ = try await log.append([message("load", chat: 7)]) }
                    }
                }
                let tape = try await Self.tape(of: database)
                group.cancelAll()
                while await group.nextResult() != nil {}
                return tape
            }
            try await withDatabase(.sqlite) { copy in
                _ = try await Restore(into: copy, Self.steps).run { tape.open() }
                let restored = try await EventLog(copy)
                defer { restored.close() }
                let count = Int(restored.end.number)
                let events = try await restored.reader(from: .start).take(count)
                #expect(events.map(\.position.number) == Array(1...Int64(count)))
                #expect(events.map(\.sequence) == Array(1...Int64(count)))
                #expect(try await copy.checkIntegrity() == [])
            }
        }
    }

    @Test func `a database that is not empty is left alone`() async throws {
        try await withLog(.sqlite) { log, database in
            let tape = try await Self.tape(of: database)
            await #expect(throws: BackupError.notEmpty) {
                try await Restore(into: database, Self.steps).run { tape.open() }
            }
        }
    }

    @Test func `a backup of a later schema is refused`() async throws {
        try await withLog(.sqlite) { _, database in
            let tape = Tape()
            _ = try await Backup(database).make(schema: 7) { tape.write($0) }
            try await withDatabase(.sqlite) { copy in
                await #expect(throws: BackupError.newer(found: 7, known: 1)) {
                    try await Restore(into: copy, Self.steps).run { tape.open() }
                }
            }
        }
    }

    @Test func `damage anywhere is found before anything is written`() async throws {
        try await withLog(.sqlite) { log, database in
            _ = try await log.append((0..<3).map { message("\($0)", key: "\($0)") })
            let whole = try await Self.tape(of: database).content
            try await withDatabase(.sqlite) { copy in
                for place in 0..<whole.count {
                    let tape = Tape()
                    tape.write(Bytes(whole))
                    tape.change { $0[place] ^= 0x41 }
                    await #expect(throws: BackupError.self, "byte \(place)") {
                        try await Restore(into: copy, Self.steps).run { tape.open() }
                    }
                }
                for count in 0..<whole.count {
                    let tape = Tape()
                    tape.write(Bytes(Array(whole[..<count])))
                    await #expect(throws: BackupError.self, "\(count) bytes") {
                        try await Restore(into: copy, Self.steps).run { tape.open() }
                    }
                }
                let status = try await Migrator(copy, Self.steps).status()
                #expect(status.map(\.appliedAt) == [nil])
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `nothing is restored over somebody else's tables`(backend: Backend) async throws {
        try await withLog(.sqlite) { log, database in
            _ = try await log.append([message("a")])
            let tape = try await Self.tape(of: database)
            try await withDatabase(backend) { copy in
                try await copy.write { transaction in
                    try await transaction.execute("CREATE TABLE theirs (name TEXT)")
                    try await transaction.execute("INSERT INTO theirs (name) VALUES ('precious')")
                }
                await #expect(throws: BackupError.notEmpty) {
                    try await Restore(into: copy, Self.steps).run { tape.open() }
                }
                let left = try await copy.read {
                    try await $0.all("SELECT name FROM theirs") { try $0.text(0) }
                }
                #expect(left == ["precious"])
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `tables that refer to one another are restored`(backend: Backend) async throws {
        let family = Migration(
            2, "family",
            up: [
                "CREATE TABLE parents (id BIGINT PRIMARY KEY)",
                "CREATE TABLE children (id BIGINT PRIMARY KEY, parent BIGINT NOT NULL REFERENCES parents (id))",
                "CREATE TABLE toys (id BIGINT PRIMARY KEY, child BIGINT NOT NULL REFERENCES children (id))",
                "CREATE TABLE marks (id BIGINT PRIMARY KEY, toy BIGINT NOT NULL REFERENCES toys (id))",
                "INSERT INTO parents (id) VALUES (1)", "INSERT INTO children (id, parent) VALUES (2, 1)",
                "INSERT INTO toys (id, child) VALUES (3, 2)", "INSERT INTO marks (id, toy) VALUES (4, 3)",
            ], down: [])
        try await withDatabase(backend) { database in
            try await Migrator(database, Self.steps + [family]).up()
            let tape = Tape()
            _ = try await Backup(database).make(schema: 2) { tape.write($0) }
            try await withDatabase(backend) { copy in
                let rows = try await Restore(into: copy, Self.steps + [family]).run { tape.open() }
                #expect(rows == 5)
            }
        }
    }
}
