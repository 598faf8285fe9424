import Base
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct MigratorTests {
    static let steps = [
        Migration(1, "items", up: [Items.create], down: ["DROP TABLE items"]),
        Migration(
            2, "notes", up: ["CREATE TABLE notes (id BIGINT)", "INSERT INTO notes (id) VALUES (7)"],
            down: ["DROP TABLE notes"]),
        Migration(
            3, "more", up: ["ALTER TABLE notes ADD COLUMN more BIGINT"],
            down: ["ALTER TABLE notes DROP COLUMN more"]),
    ]

    private func tables(_ database: any Database) async throws -> [String] {
        try await database.read { transaction in
            try await transaction.all(
                SQL(
                    sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
                    postgres: """
                        SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1
                        """)
            ) { try $0.text(0) }.filter { ["items", "notes"].contains($0) }
        }
    }

    private func step(_ database: any Database, _ steps: [Migration] = steps) async throws -> Int {
        try await Migrator(database, steps).status().filter { $0.appliedAt != nil }.count
    }

    @Test(arguments: Backend.allCases) func `all steps are made once`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            let clock = ManualClock()
            let migrator = Migrator(database, Self.steps, clocks: clock.clocks)
            #expect(try await migrator.status().map(\.appliedAt) == [nil, nil, nil])
            #expect(try await migrator.up() == [1, 2, 3])
            #expect(try await migrator.up() == [])
            #expect(try await tables(database) == ["items", "notes"])
            let status = try await migrator.status()
            #expect(status.map(\.name) == ["items", "notes", "more"])
            #expect(status.map(\.appliedAt) == [clock.now, clock.now, clock.now])
        }
    }

    @Test(arguments: Backend.allCases) func `steps are undone, the latest first`(backend: Backend)
        async throws
    {
        try await withDatabase(backend) { database in
            let migrator = Migrator(database, Self.steps)
            try await migrator.up()
            #expect(try await migrator.down(to: 1) == [3, 2])
            #expect(try await tables(database) == ["items"])
            #expect(try await migrator.up(to: 2) == [2])
            #expect(try await migrator.down(to: 0) == [2, 1])
            #expect(try await tables(database) == [])
            #expect(try await step(database) == 0)
        }
    }

    @Test(arguments: Backend.allCases) func `a step that fails leaves nothing`(backend: Backend) async throws
    {
        try await withDatabase(backend) { database in
            let broken = Migration(3, "broken", up: ["CREATE TABLE half (id BIGINT)", "SELEKT"], down: [])
            let migrator = Migrator(database, Self.steps.prefix(2) + [broken])
            let error = await #expect(throws: StoreError.self) { try await migrator.up() }
            #expect(error?.code == .misuse)
            #expect(try await step(database) == 2)
            try await Migrator(database, Self.steps).up()
            #expect(try await step(database) == 3)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a database of a later version is refused`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(database, Self.steps).up()
            let older = Migrator(database, Array(Self.steps.prefix(2)))
            let uses: [@Sendable () async throws -> Void] = [
                { try await older.up() }, { try await older.down(to: 0) }, { _ = try await older.status() },
            ]
            for use in uses {
                let error = await #expect(throws: StoreError.self) { try await use() }
                #expect(error?.code == .newer)
                #expect(error?.message.contains("step 3 (more)") == true)
                #expect(error?.message.contains("knows 2") == true)
                #expect(error?.message.contains("migrate down 2") == true)
            }
            #expect(try await step(database) == 3)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a step that was changed after it was made is refused`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(database, Self.steps).up(to: 1)
            let changed = Migration(1, "items", up: ["CREATE TABLE items (id BIGINT)"], down: [])
            let error = await #expect(throws: StoreError.self) {
                try await Migrator(database, [changed] + Self.steps.dropFirst()).up()
            }
            #expect(error?.code == .misuse)
            #expect(error?.message.contains("step 1 (items)") == true)
            #expect(try await step(database) == 1)
        }
    }

    @Test(arguments: Backend.allCases) func `a step that is not there is refused`(backend: Backend)
        async throws
    {
        try await withDatabase(backend) { database in
            let migrator = Migrator(database, Self.steps)
            for use in [{ try await migrator.up(to: 4) }, { try await migrator.down(to: -1) }] {
                let error = await #expect(throws: StoreError.self) { _ = try await use() }
                #expect(error?.code == .misuse)
            }
        }
    }

    @Test(arguments: Backend.allCases) func `steps with a gap are refused`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            let error = await #expect(throws: StoreError.self) {
                try await Migrator(database, [Self.steps[0], Self.steps[2]]).up()
            }
            #expect(error?.code == .misuse)
        }
    }

    @Test(arguments: Backend.allCases)
    func `of nodes that start at once one makes each step`(backend: Backend) async throws {
        let place = try TestDatabase(backend)
        defer { place.remove() }
        let made = try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    let node = try await place.open()
                    let made = try await Migrator(node, Self.steps).up()
                    await node.close()
                    return made
                }
            }
            return try await group.reduce([], +)
        }
        #expect(made.sorted() == [1, 2, 3])
    }

    @Test(arguments: Backend.allCases)
    func `a node waits longer than a lock may take`(backend: Backend) async throws {
        let place = try TestDatabase(backend)
        defer { place.remove() }
        let options = TestDatabase.Options(lockTimeout: .milliseconds(20))
        let nodes = [try await place.open(options), try await place.open(options)]
        let gate = Gate()
        let first = Task {
            try await nodes[0].write { transaction in
                try await transaction.lock("migrations")
                await gate.pass()
            }
        }
        try await until { gate.arrived == 1 }
        let second = Task { try await Migrator(nodes[1], Self.steps).up() }
        // Longer than the lock's own limit.
        try await Task.sleep(for: .milliseconds(150))
        gate.open()
        #expect(try await second.value == [1, 2, 3])
        try await first.value
        for node in nodes { await node.close() }
    }
}
