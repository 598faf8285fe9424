import Base
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct ClosingTests {
    @Test(arguments: Backend.allCases) func `what was written is there again`(backend: Backend) async throws {
        let place = try TestDatabase(backend)
        defer { place.remove() }
        let first = try await place.open()
        try await first.write { try await $0.execute(Items.create) }
        try await Items.add(1, to: first)
        await first.close()
        let second = try await place.open()
        #expect(try await Items.ids(in: second) == [1])
        await second.close()
    }

    @Test(arguments: Backend.allCases) func `a closed database refuses`(backend: Backend) async throws {
        try await withItems(backend) { database in
            await database.close()
            #expect(database.state == .closed)
            let uses: [@Sendable () async throws -> Void] = [
                { try await Items.add(1, to: database) }, { _ = try await Items.count(in: database) },
                { _ = try await database.checkIntegrity() }, { _ = try await database.sizeBytes() },
            ]
            for use in uses {
                let error = await #expect(throws: StoreError.self) { try await use() }
                #expect(error?.code == .closed)
            }
            await database.close()
        }
    }

    @Test(arguments: Backend.allCases)
    func `closing waits for those who came before`(backend: Backend) async throws {
        let place = try TestDatabase(backend)
        defer { place.remove() }
        let database = try await place.open()
        try await database.write { try await $0.execute(Items.create) }
        let gate = Gate()
        let writers = (0..<20).map { id in
            Task {
                try await database.write { transaction in
                    await gate.pass()
                    try await Items.add(id, in: transaction)
                }
            }
        }
        let reader = Task {
            try await database.read { transaction in
                await gate.pass()
                return try await Items.count(in: transaction)
            }
        }
        try await until { gate.arrived > 1 }
        let closing = Task { await database.close() }
        // Whoever comes now is refused.
        try await until {
            do {
                _ = try await Items.count(in: database)
                return false
            } catch let error as StoreError { return error.code == .closed }
        }
        gate.open()
        var written: [Int] = []
        for (id, writer) in writers.enumerated() {
            switch await writer.result {
            case .success: written.append(id)
            case .failure(let error): #expect((error as? StoreError)?.code == .closed)
            }
        }
        _ = try await reader.value
        await closing.value
        let again = try await place.open()
        #expect(!written.isEmpty)
        #expect(try await Items.ids(in: again) == written)
        await again.close()
    }

    @Test(arguments: Backend.allCases)
    func `a sound database has no findings and some size`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await Items.add(1, to: database)
            #expect(try await database.checkIntegrity() == [])
            #expect(try await database.sizeBytes() > 0)
        }
    }
}
