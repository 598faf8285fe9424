import Base
import Store
import StorePostgres
import StoreTesting
import Testing

struct TransactionTests {
    @Test func `two hundred callers share eight connections`() async throws {
        try await withPostgres { database, place in
            try await database.change("CREATE TABLE t (a bigint)")
            try await withThrowingTaskGroup { group in
                for caller in 0..<200 {
                    group.addTask {
                        for _ in 0..<5 {
                            try await database.change("INSERT INTO t VALUES ($1)", [.integer(Int64(caller))])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.number("SELECT count(*) FROM t") == 1000)
            let used = try await place.psql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(place.name)'")
            #expect(try #require(Int(used)) <= 8)
        }
    }

    @Test func `two nodes that race for a lock lose no update`() async throws {
        try await withPostgres { database, place in
            try await database.change("CREATE TABLE t (a bigint)")
            try await database.change("INSERT INTO t VALUES (0)")
            let other = try place.open()
            try await withThrowingTaskGroup { group in
                for node in [database, other] {
                    for _ in 0..<4 {
                        group.addTask {
                            for _ in 0..<25 {
                                try await node.write { transaction in
                                    try await transaction.lock("counter")
                                    let value = try await transaction.first("SELECT a FROM t") {
                                        try $0.integer(0)
                                    }
                                    try await transaction.execute(
                                        "UPDATE t SET a = $1", [.integer((value ?? 0) + 1)])
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await other.number("SELECT a FROM t") == 200)
            await other.close()
        }
    }

    @Test func `a serialization failure is tried again from the start`() async throws {
        try await withPostgres { database, _ in
            try await database.change("CREATE TABLE t (a bigint)")
            try await database.change("INSERT INTO t VALUES (0)")
            let (attempts, readers) = (Counter(), Counter())
            try await withThrowingTaskGroup { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await database.write { transaction in
                            attempts.add()
                            try await transaction.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
                            let value =
                                try await transaction.first("SELECT a FROM t") { try $0.integer(0) } ?? 0
                            // Two at least have read the same before either writes.
                            readers.add()
                            while readers.value < 2 { try await Task.sleep(for: .milliseconds(1)) }
                            try await transaction.execute("UPDATE t SET a = $1", [.integer(value + 1)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.number("SELECT a FROM t") == 6)
            #expect(attempts.value > 6)
        }
    }

    @Test func `a transaction that a deadlock ended is tried again`() async throws {
        try await withPostgres { database, _ in
            try await database.change("CREATE TABLE t (a bigint PRIMARY KEY, b bigint)")
            try await database.change("INSERT INTO t VALUES (1, 0), (2, 0)")
            let attempts = Counter()
            let met = [Gate(), Gate()]
            try await withThrowingTaskGroup { group in
                for index in 0..<2 {
                    group.addTask {
                        try await database.write { transaction in
                            attempts.add()
                            try await transaction.execute("SET LOCAL deadlock_timeout = '20ms'")
                            let order: [Int64] = index == 0 ? [1, 2] : [2, 1]
                            for key in order {
                                try await transaction.execute(
                                    "UPDATE t SET b = b + 1 WHERE a = $1", [.integer(key)])
                                met[index].open()
                                try await met[1 - index].pass()
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await database.number("SELECT sum(b)::bigint FROM t") == 4)
            #expect(attempts.value == 3)
        }
    }

    @Test func `trying again has an end`() async throws {
        var settings = PostgresSettings.patient
        settings.retriesMax = 3
        try await withPostgres(settings) { database, _ in
            let attempts = Counter()
            let error = await failure {
                try await database.write { transaction in
                    attempts.add()
                    try await transaction.execute(
                        "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$")
                }
            }
            #expect(error?.code == .timeout)
            #expect(attempts.value == 4)
        }
    }

    @Test func `a statement that takes too long is ended, and the connection goes on`() async throws {
        var settings = PostgresSettings.patient
        settings.statementTimeout = .seconds(2)
        settings.connectionsMax = 1
        try await withPostgres(settings) { database, _ in
            let session = try await database.number("SELECT pg_backend_pid()")
            let error = await failure { _ = try await database.number("SELECT 1 FROM pg_sleep(30)") }
            #expect(error?.code == .timeout)
            #expect(try await database.number("SELECT pg_backend_pid()") == session)
        }
    }

    @Test func `a lock that somebody keeps is waited for within a limit`() async throws {
        var settings = PostgresSettings.patient
        settings.lockTimeout = .milliseconds(100)
        try await withPostgres(settings) { database, _ in
            let (held, done) = (Gate(), Gate())
            async let holder: Void = database.write { transaction in
                try await transaction.lock("kept")
                _ = try await transaction.all("SELECT 1") { _ in }
                held.open()
                try await done.pass()
            }
            try await held.pass()
            let error = await failure { try await database.write { try await $0.lock("kept") } }
            #expect(error?.code == .timeout)
            done.open()
            try await holder
        }
    }

    @Test func `a cancelled reader's statement is ended at once, and its connection is clean`() async throws {
        var settings = PostgresSettings.patient
        settings.connectionsMax = 1
        try await withPostgres(settings) { database, place in
            let session = try await database.number("SELECT pg_backend_pid()")
            try await database.change("CREATE TABLE t (a bigint)")
            for _ in 0..<5 {
                let caller = Task {
                    try await database.read { transaction in
                        _ = try await transaction.all("SELECT 1 FROM t") { _ in }
                        _ = try await transaction.all("SELECT 1 FROM pg_sleep(120)") { _ in }
                    }
                }
                let sleeping =
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND pid = \(session)"
                #expect(try await eventually { try await place.psql(sleeping) == "1" })
                let start = ContinuousClock.now
                caller.cancel()
                await #expect(throws: CancellationError.self) { try await caller.value }
                #expect(ContinuousClock.now - start < .seconds(30))
                #expect(try await database.number("SELECT count(*) FROM t") == 0)
            }
            #expect(try await database.number("SELECT pg_backend_pid()") == session)
        }
    }

    @Test func `a cancelled caller leaves the queue`() async throws {
        var settings = PostgresSettings.patient
        settings.connectionsMax = 1
        try await withPostgres(settings) { database, _ in
            let (held, done) = (Gate(), Gate())
            async let holder: Void = database.write { _ in
                held.open()
                try await done.pass()
            }
            try await held.pass()
            let waiting = Task { try await database.number("SELECT 1") }
            try await Task.sleep(for: .milliseconds(20))
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            done.open()
            try await holder
            #expect(try await database.number("SELECT 1") == 1)
        }
    }

    @Test func `too many waiting callers are refused, and those who wait too long are told`() async throws {
        var settings = PostgresSettings.patient
        settings.connectionsMax = 1
        settings.waitersMax = 4
        settings.waitingMax = .seconds(5)
        try await withPostgres(settings) { database, _ in
            _ = try await eventually { database.state == .ready }
            let (held, done) = (Gate(), Gate())
            async let holder: Void = database.write { _ in
                held.open()
                try await done.pass()
            }
            try await held.pass()
            let errors = await withTaskGroup(of: StoreError?.self) { group in
                for _ in 0..<6 {
                    group.addTask { await failure { _ = try await database.number("SELECT 1") } }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(errors.allSatisfy { $0?.code == .overloaded })
            #expect(errors.contains { $0?.message == "4 callers wait for a connection" })
            #expect(errors.contains { $0?.message == "no connection became free in time" })
            done.open()
            try await holder
            #expect(try await database.number("SELECT 1") == 1)
        }
    }
}
