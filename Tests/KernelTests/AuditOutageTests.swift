import Base
import Kernel
import Reactor
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct AuditOutageTests {
    /// What is in the log after three notes and a stop, over a database with faults.
    private func actions(_ backend: Backend, _ faults: [FaultyDatabase.Fault]) async throws -> [String] {
        var actions: [String] = []
        try await withDatabase(backend) { database in
            try await Migrator(database, [AuditSchema.migration(1)]).up()
            let audit = AuditLog(FaultyDatabase(database, faults))
            for number in 1...3 { audit.note(AuditDraft(actor: "anonymous", action: "note.\(number)")) }
            _ = await audit.stop(by: EventLoop.clock() + 120_000_000_000)
            let log = AuditLog(database)
            let report = try await log.verify()
            #expect(report.broken == nil)
            actions = try await log.page().entries.reversed().map(\.content.action)
        }
        return actions
    }

    @Test(arguments: Backend.allCases)
    func `a database that is away for a while loses and doubles nothing`(backend: Backend) async throws {
        let expected = ["note.1", "note.2", "note.3"]
        #expect(try await actions(backend, [.refused, .refused, .refused]) == expected)
        #expect(try await actions(backend, [.unknownAndDone]) == expected)
        #expect(try await actions(backend, [.unknownAndUndone]) == expected)
        #expect(try await actions(backend, [.unknownAndUndone, .refused, .unknownAndDone]) == expected)
    }

    @Test(arguments: Backend.allCases)
    func `a batch that can never be written is told by the next one`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(database, [AuditSchema.migration(1)]).up()
            let audit = AuditLog(FaultyDatabase(database, [.broken]))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...3 { audit.note(AuditDraft(actor: "anonymous", action: "lost")) }
                group.addTask { try await audit.run() }
                while audit.waiting > 0 { await Task.yield() }
                audit.note(AuditDraft(actor: "anonymous", action: "kept"))
                while audit.waiting > 0 { await Task.yield() }
                _ = await audit.stop(by: EventLoop.clock() + 120_000_000_000)
                try await group.waitForAll()
            }
            let entries = try await AuditLog(database).page().entries
            #expect(entries.map(\.content.action) == ["audit.dropped", "kept"])
            #expect(entries.first?.content.detail == "3 entries were dropped")
        }
    }
}
