import Base
import Kernel
import Reactor
import Store
import StorePostgres
import StorePostgres
import StoreSQLite

/// What the probe does with a database.
struct Probe {
    let group: EventLoopGroup
    let database: any Database
    let log: EventLog

    init(url: String) async throws {
        group = try EventLoopGroup(count: 1)
        switch DatabaseAddress(url) {
        case .sqlite(let path): database = try await SQLiteDatabase.open(SQLiteDatabase.Settings(path: path))
        case .postgres(let url): database = try PostgresDatabase(url, loops: group.loops)
        case nil: throw StoreError(.misuse, "no URL of a database")
        }
        try await Migrator(database, [LogSchema.migration]).up()
        log = try await EventLog(database)
    }

    func close() async {
        log.close()
        await database.close()
        group.shutdown()
    }

    /// Appends as fast as it can; each caller one event after the other in a chat of five.
    func append(prefix: String, callers: Int, for span: Duration) async throws {
        let log = log
        await withTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    let end = ContinuousClock.now + span
                    var number = 0
                    while ContinuousClock.now < end {
                        number += 1
                        let key = "\(prefix)-\(caller)-\(number)"
                        let draft = EventDraft(
                            source: .bot(1), kind: "message", key: key, chat: Int64(caller % 5),
                            payload: Bytes([UInt8](repeating: 120, count: 600)))
                        do {
                            let result = try await log.append([draft])
                            say("A \(key) \(result[0].position)")
                        } catch {
                            say("E \(error)")
                            try? await Task.sleep(for: .milliseconds(20))
                        }
                    }
                }
            }
        }
    }

    /// Follows the log, and says whether positions came one by one.
    func tail(for span: Duration) async throws {
        let log = log
        let database = database
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await log.following.run(every: .milliseconds(20)) }
            group.addTask {
                var last: Int64 = 0
                var faults = 0
                var chats: [Int64: Int64] = [:]
                var errors = 0
                while !Task.isCancelled {
                    do {
                        let reader = try await log.reader(from: .after(Position(last)))
                        while true {
                            for event in try await reader.next() {
                                if event.position.number != last + 1 { faults += 1 }
                                last = event.position.number
                                guard let chat = event.content.chat else { continue }
                                if event.sequence != (chats[chat] ?? 0) + 1 { faults += 1 }
                                chats[chat] = event.sequence
                            }
                        }
                    } catch is CancellationError {
                        break
                    } catch {
                        errors += 1
                        try? await Task.sleep(for: .milliseconds(50))
                    }
                }
                say("T \(last) \(faults) \(errors)")
            }
            try? await Task.sleep(for: span)
            group.cancelAll()
        }
        _ = database
    }

    /// Looks for the keys of standard input, for doubled ones, and for holes.
    func check() async throws {
        var missing = 0
        var wanted: [String] = []
        while let line = readLine() { wanted.append(line) }
        let stored = try await database.read { transaction in
            try await transaction.all("SELECT position, key, chat, sequence FROM events ORDER BY position") { row in
                (try row.integer(0), try row.optionalText(1), try row.optionalInteger(2), try row.integer(3))
            }
        }
        var keys: [String: Int] = [:]
        var holes = 0
        var chats: [Int64: Int64] = [:]
        for (index, (position, key, chat, sequence)) in stored.enumerated() {
            if position != Int64(index + 1) { holes += 1 }
            if let key { keys[key, default: 0] += 1 }
            guard let chat else { continue }
            if sequence != (chats[chat] ?? 0) + 1 { holes += 1 }
            chats[chat] = sequence
        }
        for key in wanted where keys[key] == nil { missing += 1 }
        let doubled = keys.values.count { $0 > 1 }
        let damage = try await database.checkIntegrity()
        say("C \(stored.count) \(missing) \(doubled) \(holes) \(damage.count)")
    }

    /// Takes a lease again and again, and writes under it for as long as it may.
    func holdLease(_ name: String, holder: String, for span: Duration) async throws {
        let leases = Leases(database)
        var count = 0
        while true {
            guard let lease = try await leases.acquire(name, holder: holder, for: span) else {
                try await Task.sleep(for: .milliseconds(20))
                continue
            }
            say("H \(lease.token)")
            do {
                // It never renews, and goes on writing as one would that has not noticed.
                while true {
                    count += 1
                    let number = count
                    try await database.write { transaction in
                        try await lease.check(in: transaction)
                        try await transaction.execute(
                            """
                            INSERT INTO cursors (name, position, committed_at) VALUES ($1, $2, $3)
                            ON CONFLICT (name) DO UPDATE SET position = excluded.position
                            """, [.text("probe/\(holder)"), .integer(Int64(number)), .integer(lease.token)])
                    }
                    say("W \(lease.token) \(number)")
                    try await Task.sleep(for: .milliseconds(10))
                }
            } catch let error as LeaseLost {
                say("L \(error.name)")
            }
        }
    }
}
