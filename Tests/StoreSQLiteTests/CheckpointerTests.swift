import Store
import Testing

@testable import StoreSQLite

@Suite struct CheckpointerTests {
    @Test func `a write-ahead log that cannot be moved again and again is told, until it can`() async throws {
        try await Folder.with { folder in
            let condition = Condition()
            let checkpointer = try SQLiteCheckpointer(.init(path: folder.file), condition)
            for _ in 1..<Condition.stuckMax { await checkpointer.run() }
            #expect(condition.value == .ready)
            // There is no file.
            await checkpointer.run()
            if case .degraded(let reason) = condition.value {
                #expect(reason.contains("write-ahead log"))
            } else {
                Issue.record("it is \(condition.value)")
            }
            try await folder.withDatabase { database in
                _ = try await database.write { try await $0.execute(Blobs.create) }
            }
            await checkpointer.run()
            #expect(condition.value == .ready)
            await checkpointer.close()
            checkpointer.shutdown()
        }
    }

    @Test func `a database that cannot be written is told of before its log`() {
        let condition = Condition()
        for _ in 0..<Condition.stuckMax { condition.noteMoved(StoreError(.full, "no room")) }
        condition.note(StoreError(.full, "no room"))
        #expect(condition.value == .unavailable(reason: "full: no room"))
        condition.noteSuccess()
        #expect(condition.value != .ready)
        condition.noteMoved()
        #expect(condition.value == .ready)
    }
}
