import Base
import Reactor
import Store
import StoreTesting
import Synchronization
import Testing

@testable import Kernel

@Suite(.timeLimit(.minutes(5))) struct AuditTests {
    static let schema = AuditSchema.migration(1)

    private func withAudit(
        _ backend: Backend, clocks: Clocks = .system, metrics: Metrics = Metrics(), waitingMax: Int = 4096,
        _ body: (AuditLog, any Database) async throws -> Void
    ) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(database, [Self.schema]).up()
            try await body(
                AuditLog(database, clocks: clocks, metrics: metrics, waitingMax: waitingMax), database)
        }
    }

    private func fill(_ audit: AuditLog, _ count: Int) async throws {
        for number in 1...count {
            try await audit.record(
                AuditDraft(actor: "user:\(number % 3)", action: "user.create", target: "user:\(number)"))
        }
    }

    private func change(_ database: any Database, _ statements: SQL...) async throws {
        try await database.write { transaction in
            for statement in statements { try await transaction.execute(statement) }
        }
    }

    private func deadline(_ seconds: UInt64) -> MonotonicNanoseconds {
        EventLoop.clock() + seconds * 1_000_000_000
    }

    @Test(arguments: Backend.allCases, [1, 3, 500])
    func `a chain that nobody touched holds`(backend: Backend, pageSize: Int) async throws {
        try await withAudit(backend) { audit, _ in
            let empty = try await audit.verify(pageSize: pageSize)
            #expect(empty == AuditReport())
            try await fill(audit, 7)
            let report = try await audit.verify(pageSize: pageSize)
            let newest = try await audit.page(limit: 1).entries
            #expect(report.broken == nil)
            #expect(report.entries == 7)
            #expect(report.hash == newest.first?.hash)
        }
    }

    @Test(arguments: Backend.allCases)
    func `whatever is changed afterwards shows, with the first link that is broken`(backend: Backend)
        async throws
    {
        let cases: [([SQL], AuditReport.Break)] = [
            (["DELETE FROM audit WHERE number = 4"], .missing(4)),
            (["DELETE FROM audit WHERE number = 1"], .missing(1)),
            (["DELETE FROM audit WHERE number > 5"], .truncated(last: 5, head: 7)),
            (["DELETE FROM audit"], .truncated(last: 0, head: 7)),
            (["UPDATE audit SET actor = 'user:9' WHERE number = 3"], .altered(3)),
            (["UPDATE audit SET detail = '' WHERE number = 3"], .altered(3)),
            (["UPDATE audit SET target = NULL WHERE number = 3"], .altered(3)),
            (["UPDATE audit SET recorded_at = recorded_at + 1 WHERE number = 7"], .altered(7)),
            (["UPDATE audit SET result = 'fine' WHERE number = 2"], .altered(2)),
            (["UPDATE audit SET hash = previous WHERE number = 2"], .altered(2)),
            (
                [
                    "UPDATE audit SET number = -1 WHERE number = 2",
                    "UPDATE audit SET number = 2 WHERE number = 5",
                    "UPDATE audit SET number = 5 WHERE number = -1",
                ], .altered(2)
            ),
            (["UPDATE audit_head SET number = 6"], .beyondHead(7)),
            (["UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE number = 6)"], .headMismatch),
            (["DELETE FROM audit_head"], .noHead),
        ]
        for (statements, expected) in cases {
            try await withAudit(backend) { audit, database in
                try await fill(audit, 7)
                for statement in statements { try await change(database, statement) }
                let report = try await audit.verify(pageSize: 3)
                #expect(report.broken == expected, "\(expected)")
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a chain that was made anew from an entry on shows against an anchor alone`(backend: Backend)
        async throws
    {
        try await withAudit(backend) { audit, database in
            try await fill(audit, 5)
            let before = try await audit.verify()
            let anchor = AuditAnchor(number: before.entries, hash: before.hash)
            try await fill(audit, 1)
            let later = try await audit.verify(anchor: anchor)
            #expect(later.broken == nil)
            try await change(
                database, "DELETE FROM audit WHERE number > 3",
                "UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit WHERE number = 3)")
            let short = try await audit.verify(anchor: anchor)
            #expect(short.broken == .anchorMismatch(5))
            try await audit.record(AuditDraft(actor: "user:1", action: "forged"))
            try await audit.record(AuditDraft(actor: "user:1", action: "forged"))
            let unseen = try await audit.verify()
            #expect(unseen.broken == nil)
            let seen = try await audit.verify(anchor: anchor)
            #expect(seen.broken == .anchorMismatch(5))
        }
    }

    @Test(arguments: Backend.allCases, [(false, 3), (true, 4)] as [(Bool, Int64)])
    func `a forged entry shows, wherever it is linked to`(backend: Backend, forgery: (Bool, Int64))
        async throws
    {
        let (isLinked, expected) = forgery
        try await withAudit(backend) { audit, database in
            try await fill(audit, 5)
            let entries = try await audit.page().entries
            let forged = AuditEntry(
                3, entries[2].recordedAt, AuditDraft(actor: "user:1", action: "forged"),
                previous: entries[isLinked ? 3 : 4].hash)
            try await database.write { transaction in
                try await transaction.execute("DELETE FROM audit WHERE number = 3")
                try await transaction.insert(into: "audit", AuditEntry.columns([forged]))
            }
            let report = try await audit.verify()
            #expect(report.broken == .unlinked(expected))
        }
    }

    @Test func `an anchor is read as it is printed`() {
        let hash = String(repeating: "ab", count: 32)
        #expect(AuditAnchor("12:\(hash)")?.number == 12)
        for text in [
            "", "12", "12:", ":\(hash)", "0:\(hash)", "-1:\(hash)", "1:ab", "1:\(hash):", "x:\(hash)",
        ] {
            #expect(AuditAnchor(text) == nil)
        }
    }

    @Test(arguments: Backend.allCases)
    func `two nodes that append at once make one chain without gaps`(backend: Backend) async throws {
        let place = try await away { try TestDatabase(backend) }
        defer { place.remove() }
        let (first, second) = (try await place.open(), try await place.open())
        try await Migrator(first, [Self.schema]).up()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for database in [first, second] {
                let audit = AuditLog(database)
                for caller in 0..<4 {
                    group.addTask {
                        for _ in 0..<15 {
                            try await audit.record(AuditDraft(actor: "user:\(caller)", action: "user.update"))
                        }
                    }
                }
                group.addTask {
                    for _ in 0..<30 { audit.note(AuditDraft(actor: "anonymous", action: "access.denied")) }
                    let cut = await audit.stop(by: EventLoop.clock() + 120_000_000_000)
                    #expect(cut.isEmpty)
                }
            }
            try await group.waitForAll()
        }
        let report = try await AuditLog(second).verify()
        #expect(report.broken == nil)
        #expect(report.entries == 180)
        await first.close()
        await second.close()
    }

    @Test(arguments: Backend.allCases)
    func `an act and its entry are there both or neither`(backend: Backend) async throws {
        struct Refused: Error {}
        try await withAudit(backend) { audit, database in
            try await change(database, "CREATE TABLE users (id BIGINT PRIMARY KEY)")
            for isUndone in [true, false] {
                do {
                    try await database.write { transaction in
                        try await transaction.execute("INSERT INTO users (id) VALUES (1)")
                        try await audit.record(
                            AuditDraft(actor: "console", action: "user.create"), in: transaction)
                        if isUndone { throw Refused() }
                    }
                } catch is Refused {}
                let users = try await database.read { transaction in
                    try await transaction.first("SELECT count(*) FROM users") { try $0.integer(0) }
                }
                let report = try await audit.verify()
                #expect(users == (isUndone ? 0 : 1))
                #expect(report == (isUndone ? AuditReport() : report))
                #expect(report.entries == (isUndone ? 0 : 1))
                #expect(report.broken == nil)
            }
        }
    }

    static let filters: [(AuditFilter, [Int64])] = [
        (AuditFilter(), [6, 5, 4, 3, 2, 1]),
        (AuditFilter(actor: "user:1"), [3, 2, 1]),
        (AuditFilter(actor: "user:"), []),
        (AuditFilter(action: "user.create"), [1]),
        (AuditFilter(action: "user."), [4, 3, 1]),
        (AuditFilter(action: "user"), [6]),
        (AuditFilter(result: .denied), [5, 3]),
        (AuditFilter(target: "user:9"), [4, 1]),
        (AuditFilter(since: Timestamp(seconds: 1003)), [6, 5, 4, 3]),
        (AuditFilter(until: Timestamp(seconds: 1003)), [2, 1]),
        (AuditFilter(since: Timestamp(seconds: 1002), until: Timestamp(seconds: 1005)), [4, 3, 2]),
        (AuditFilter(actor: "user:1", action: "user.", result: .denied), [3]),
        (AuditFilter(actor: "' OR 1=1 --"), []),
        (AuditFilter(action: "%."), []),
    ]

    @Test(arguments: Backend.allCases)
    func `filters let pass what they name, the newest first`(backend: Backend) async throws {
        let clock = ManualClock(Timestamp(seconds: 1000))
        try await withAudit(backend, clocks: clock.clocks) { audit, _ in
            let drafts = [
                AuditDraft(actor: "user:1", action: "user.create", target: "user:9"),
                AuditDraft(actor: "user:1", action: "userx.create", result: .failed),
                AuditDraft(actor: "user:1", action: "user.remove", target: "user:8", result: .denied),
                AuditDraft(actor: "user:2", action: "user.update", target: "user:9"),
                AuditDraft(actor: "anonymous", action: "access.denied", result: .denied),
                AuditDraft(actor: "user:12", action: "user"),
            ]
            for draft in drafts {
                clock.advance(by: .seconds(1))
                try await audit.record(draft)
            }
            for (filter, expected) in Self.filters {
                let page = try await audit.page(filter)
                #expect(page.entries.map(\.number) == expected, "\(filter)")
                #expect(!page.hasMore)
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `pages go both ways and do not shift while others append`(backend: Backend) async throws {
        try await withAudit(backend) { audit, _ in
            try await fill(audit, 10)
            let first = try await audit.page(limit: 4)
            #expect(first.entries.map(\.number) == [10, 9, 8, 7])
            #expect(first.hasMore)
            try await fill(audit, 2)
            let second = try await audit.page(from: .before(7), limit: 4)
            #expect(second.entries.map(\.number) == [6, 5, 4, 3])
            let last = try await audit.page(from: .before(3), limit: 4)
            #expect(last.entries.map(\.number) == [2, 1])
            #expect(!last.hasMore)
            let newer = try await audit.page(from: .after(7), limit: 4)
            #expect(newer.entries.map(\.number) == [11, 10, 9, 8])
            #expect(newer.hasMore)
            let filtered = try await audit.page(AuditFilter(actor: "user:1"), from: .before(10), limit: 2)
            #expect(filtered.entries.map(\.number) == [7, 4])
            #expect(filtered.hasMore)
            let none = try await audit.page(from: .after(12), limit: 0)
            #expect(none.entries.isEmpty)
        }
    }

    static let hostile = [
        "two\nlines\r\n", "nul\0inside", "\u{1b}[31mred", "'; DROP TABLE audit; --", "$1 \\ %_\"",
        "\u{202e}reversed", "é e\u{301} 🏳️‍🌈", String(repeating: "x", count: 100_000),
        String(repeating: "\u{0}", count: 5000), String(repeating: "🏳️‍🌈", count: 500),
        String(decoding: [0xff, 0xfe, 0xc0, 0x80] as [UInt8], as: UTF8.self), "",
    ]

    @Test(arguments: Backend.allCases)
    func `hostile texts stay one entry each, and the chain holds`(backend: Backend) async throws {
        try await withAudit(backend) { audit, _ in
            for text in Self.hostile {
                let written = try await audit.record(
                    AuditDraft(
                        actor: text, actorName: text, address: text, credential: text, action: text,
                        target: text, detail: text, requestID: text))
                let read = try await audit.page(limit: 1).entries
                #expect(read == [written])
                let found = try await audit.page(AuditFilter(actor: text, target: text)).entries
                #expect(found == [written])
                let content = written.content
                #expect(content.actor.utf8.count <= 256)
                #expect(content.detail.map { $0.utf8.count <= 1024 } == true)
                #expect(content.actor.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
                #expect(AuditText.clean(content.actor, bytesMax: 256) == content.actor)
            }
            let report = try await audit.verify()
            #expect(report.broken == nil)
            #expect(report.entries == Int64(Self.hostile.count))
        }
    }

    @Test(arguments: Backend.allCases)
    func `what the queue has no room for is told by one entry and counted`(backend: Backend) async throws {
        let metrics = Metrics()
        try await withAudit(backend, metrics: metrics, waitingMax: 10) { audit, _ in
            for number in 1...25 {
                audit.note(
                    AuditDraft(
                        actor: "anonymous", action: "access.denied", target: "\(number)", result: .denied))
            }
            #expect(audit.waiting == 10)
            let cut = await audit.stop(by: deadline(120))
            #expect(cut.isEmpty)
            let entries = try await audit.page().entries
            #expect(entries.count == 11)
            #expect(entries.first?.content.action == "audit.dropped")
            #expect(entries.first?.content.detail == "15 entries were dropped")
            #expect(entries.dropFirst().reversed().map(\.content.target) == (1...10).map { "\($0)" })
            let report = try await audit.verify()
            #expect(report.broken == nil)
        }
        let shown = metrics.snapshots()
        func value(_ name: String, _ labels: [String]) -> MetricSnapshot.Value? {
            shown.first { $0.name == name }?.series.first { $0.labels == labels }?.value
        }
        #expect(value("audit_dropped_total", []) == .integer(15))
        #expect(value("audit_entries_total", ["denied"]) == .integer(10))
        #expect(value("audit_entries_total", ["failed"]) == .integer(1))
    }

    @Test(arguments: Backend.allCases)
    func `what is noted is written without being asked for`(backend: Backend) async throws {
        try await withAudit(backend) { audit, _ in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await audit.run() }
                for _ in 0..<600 { audit.note(AuditDraft(actor: "anonymous", action: "access.denied")) }
                while audit.waiting > 0 { await Task.yield() }
                let report = try await audit.verify()
                #expect(report.entries == 600)
                #expect(report.broken == nil)
                let cut = await audit.stop(by: deadline(120))
                #expect(cut.isEmpty)
                try await group.waitForAll()
            }
        }
    }

    @Test func `a database that is gone does not hold up the end, and nothing is lost in silence`()
        async throws
    {
        try await withAudit(.sqlite) { audit, database in
            audit.note(AuditDraft(actor: "anonymous", action: "access.denied"))
            await database.close()
            _ = await audit.stop(by: deadline(120))
            audit.note(AuditDraft(actor: "anonymous", action: "access.denied"))
            #expect(audit.waiting == 0)
        }
    }
}
