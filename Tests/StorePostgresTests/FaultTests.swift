import Base
import Store
import StorePostgres
import StoreTesting
import Synchronization
import Testing

/// What became of each row that was to be written.
private final class Ledger: Sendable {
    struct State {
        var next: Int64 = 0
        var acknowledged: Set<Int64> = []
        /// Written or not: nobody can say.
        var unknown: Set<Int64> = []
        var refused: Set<Int64> = []
        var surprises: [String] = []
        var longest: Duration = .zero
        var lastSuccess = ContinuousClock.now
    }
    let state = Mutex(State())
    let isOver = Atomic(false)

    /// Writes rows, one after the other, until it is told to stop.
    func write(to database: PostgresDatabase) async {
        while !isOver.load(ordering: .relaxed) {
            let id = state.withLock { state in
                state.next += 1
                return state.next
            }
            let start = ContinuousClock.now
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await database.write { transaction in
                        try await transaction.insert(
                            into: "t",
                            [
                                Column("a", .integers([id])),
                                Column("b", .texts([String(repeating: "x", count: 600)])),
                            ])
                    })
            } catch { result = .failure(error) }
            note(id, result, ContinuousClock.now - start)
        }
    }

    private func note(_ id: Int64, _ result: Result<Void, any Error>, _ time: Duration) {
        state.withLock { state in
            state.longest = max(state.longest, time)
            switch result {
            case .success:
                state.acknowledged.insert(id)
                state.lastSuccess = .now
            case .failure(let error as StoreError) where error.code == .outcomeUnknown:
                state.unknown.insert(id)
            case .failure(let error as StoreError) where error.code == .unavailable: state.refused.insert(id)
            case .failure(let error): state.surprises.append("\(error)")
            }
        }
    }

    /// How many rows have been acknowledged.
    var count: Int { state.withLock { $0.acknowledged.count } }

    /// Holds what is in the table against what was said.
    func check(_ database: PostgresDatabase) async throws {
        let rows = try await database.read { try await $0.all("SELECT a FROM t") { try $0.integer(0) } }
        let present = Set(rows)
        let state = state.withLock { $0 }
        #expect(state.surprises == [])
        #expect(state.acknowledged.subtracting(present) == [], "what was acknowledged is lost")
        #expect(state.refused.intersection(present) == [], "what was refused has been written")
        #expect(present.subtracting(state.acknowledged).subtracting(state.unknown) == [])
        print(
            "ledger: \(state.acknowledged.count) acknowledged, \(state.unknown.count) unknown,",
            "\(state.refused.count) refused, longest \(state.longest)")
    }
}

/// Runs `faults` while many callers write, then holds the table against what the callers were told.
private func underLoad(
    _ database: PostgresDatabase, callers: Int = 32, _ faults: (Ledger) async throws -> Void
) async throws {
    try await database.change("CREATE TABLE t (a bigint PRIMARY KEY, b text NOT NULL)")
    let ledger = Ledger()
    try await withThrowingTaskGroup { group in
        for _ in 0..<callers { group.addTask { await ledger.write(to: database) } }
        defer { ledger.isOver.store(true, ordering: .relaxed) }
        _ = try await eventually { ledger.count > 100 }
        try await faults(ledger)
        ledger.isOver.store(true, ordering: .relaxed)
        try await group.waitForAll()
    }
    try await ledger.check(database)
}

@Suite(.serialized) struct FaultTests {
    @Test func `a server that crashes under load and comes back loses nothing that was acknowledged`()
        async throws
    {
        let server = try await away { try PostgresServer() }
        defer { server.remove() }
        try await withPostgres(on: server) { database, _ in
            try await underLoad(database) { ledger in
                for round in 0..<4 {
                    try await away { server.stop(immediate: round % 2 == 0) }
                    #expect(try await eventually { database.state != .ready })
                    // The last time it is away for longer than anybody waits.
                    try await Task.sleep(for: round == 3 ? .seconds(6) : .milliseconds(300))
                    try await away { try server.start() }
                    let back = ContinuousClock.now
                    let before = ledger.count
                    #expect(try await eventually { ledger.count > before + 100 })
                    print("back after", ContinuousClock.now - back)
                }
            }
        }
    }

    @Test func `connections that are cut at any moment lose nothing that was acknowledged`() async throws {
        let place = try await Place.make()
        let proxy = try CuttingProxy(to: place.server.port)
        defer { proxy.stop() }
        let database = try place.open(port: proxy.port)
        try await underLoad(database) { ledger in
            for _ in 0..<60 {
                try await Task.sleep(for: .microseconds(Int.random(in: 1000...60_000)))
                proxy.cut()
            }
            let before = ledger.count
            #expect(try await eventually { ledger.count > before + 100 })
        }
        await database.close()
    }

    @Test func `a frozen server is noticed, said to be away, and used again once it thaws`() async throws {
        let server = try await away { try PostgresServer() }
        defer { server.remove() }
        var settings = PostgresSettings.patient
        settings.waitingMax = .seconds(8)
        settings.connectTimeout = .seconds(1)
        settings.silenceMax = .seconds(2)
        try await withPostgres(settings, on: server) { database, _ in
            try await underLoad(database) { ledger in
                server.freeze()
                let isNoticed = try await eventually { database.state != .ready }
                #expect(isNoticed)
                guard case .unavailable(let reason) = database.state else { return }
                #expect(reason.contains("does not answer"), "\(reason)")
                let error = await failure { _ = try await database.number("SELECT 1") }
                #expect(error?.code == .unavailable)
                server.thaw()
                let back = ContinuousClock.now
                let before = ledger.count
                let isBack = try await eventually { ledger.count > before + 100 }
                #expect(isBack)
                print("thawed after", ContinuousClock.now - back)
            }
        }
    }

    @Test func `without being asked, the state follows the server's`() async throws {
        let server = try await away { try PostgresServer() }
        defer { server.remove() }
        try await withPostgres(on: server) { database, _ in
            #expect(try await eventually { database.state == .ready })
            try await away { server.stop() }
            #expect(try await eventually { database.state != .ready })
            try await away { try server.start() }
            #expect(try await eventually { database.state == .ready })
        }
    }

    @Test
    func `a session that the server ends in mid-transaction is no answer, and the transaction runs again`()
        async throws
    {
        try await withPostgres { database, place in
            try await database.change("CREATE TABLE t (a bigint PRIMARY KEY)")
            let attempts = Counter()
            try await database.write { transaction in
                attempts.add()
                try await transaction.execute("INSERT INTO t VALUES (1)")
                let session =
                    try await transaction.first("SELECT pg_backend_pid()") { try $0.integer(0) } ?? 0
                guard attempts.value == 1 else { return }
                try await place.psql("SELECT pg_terminate_backend(\(session))")
                _ = try await transaction.all("SELECT 1") { _ in }
            }
            #expect(attempts.value == 2)
            #expect(try await database.number("SELECT count(*) FROM t") == 1)
        }
    }

    @Test func `a connection that lay idle is asked for a sign of life before it is used`() async throws {
        var settings = PostgresSettings.patient
        settings.idleCheck = .zero
        settings.silenceMax = .seconds(5)
        settings.connectionsMax = 1
        try await withPostgres(settings) { database, _ in
            for _ in 0..<20 {
                let one = try await database.number("SELECT 1")
                #expect(one == 1)
            }
        }
    }
}
