import Base
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct ConcurrencyTests {
    @Test(arguments: Backend.allCases)
    func `one failing write leaves the forty-nine others`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let failed = await withTaskGroup { group in
                for id in 0..<50 {
                    group.addTask { () -> Int? in
                        do {
                            try await database.write { transaction in
                                try await Items.add(id, in: transaction)
                                if id == 17 { throw Refusal() }
                            }
                            return nil
                        } catch { return id }
                    }
                }
                return await group.reduce(into: [Int]()) { if let id = $1 { $0.append(id) } }
            }
            #expect(failed == [17])
            let ids = try await Items.ids(in: database)
            #expect(ids == (0..<50).filter { $0 != 17 })
        }
    }

    @Test(arguments: Backend.allCases)
    func `a thousand writers write beside one another`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await withThrowingTaskGroup { group in
                for id in 0..<1_000 { group.addTask { try await Items.add(id, to: database) } }
                try await group.waitForAll()
            }
            #expect(try await Items.ids(in: database) == Array(0..<1_000))
        }
    }

    @Test(arguments: Backend.allCases)
    func `writers that fail and writers that do not keep apart`(backend: Backend) async throws {
        try await withItems(backend) { database in
            // Three tasks ask for each key: one of them gets it.
            let made = await withTaskGroup { group in
                for number in 0..<600 {
                    group.addTask {
                        do {
                            try await Items.add(number / 3, to: database)
                            return 1
                        } catch { return 0 }
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(made == 200)
            let ids = try await Items.ids(in: database)
            #expect(ids == Array(0..<200))
        }
    }

    @Test(arguments: Backend.allCases)
    func `a write is seen by every read that begins after it`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await withThrowingTaskGroup { group in
                for writer in 0..<8 {
                    group.addTask {
                        for step in 0..<25 {
                            let id = writer * 100 + step
                            try await Items.add(id, to: database)
                            let found = try await database.read { transaction in
                                try await transaction.first(
                                    "SELECT id FROM items WHERE id = $1", [.integer(Int64(id))]
                                ) { try $0.integer(0) }
                            }
                            #expect(found == Int64(id))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a read sees one moment`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await Items.add(1, to: database)
            let (begun, written) = (Gate(), Gate())
            async let counts = database.read { transaction in
                let before = try await Items.count(in: transaction)
                begun.open()
                await written.pass()
                return (before, try await Items.count(in: transaction))
            }
            await begun.pass()
            try await Items.add(2, to: database)
            written.open()
            #expect(try await counts == (1, 1))
            #expect(try await Items.count(in: database) == 2)
        }
    }

    @Test(arguments: Backend.allCases)
    func `nobody sees half of a transaction`(backend: Backend) async throws {
        try await withItems(backend) { database in
            try await withThrowingTaskGroup { group in
                for pair in 0..<100 {
                    group.addTask {
                        try await database.write { transaction in
                            try await Items.add(2 * pair, in: transaction)
                            try await Items.add(2 * pair + 1, in: transaction)
                        }
                    }
                    group.addTask {
                        let count = try await Items.count(in: database)
                        #expect(count % 2 == 0)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `of those who ask for a lock one at a time has it`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let inside = Counter()
            try await withThrowingTaskGroup { group in
                for id in 0..<20 {
                    group.addTask {
                        try await database.write { transaction in
                            try await transaction.lock("one at a time")
                            #expect(inside.add() == 1)
                            let count = try await Items.count(in: transaction)
                            await Task.yield()
                            try await Items.add(count, "writer \(id)", in: transaction)
                            inside.subtract()
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await Items.ids(in: database) == Array(0..<20))
        }
    }

    @Test(arguments: Backend.allCases)
    func `two nodes write into one database`(backend: Backend) async throws {
        let place = try TestDatabase(backend)
        defer { place.remove() }
        let nodes = [try await place.open(), try await place.open()]
        try await nodes[0].write { try await $0.execute(Items.create) }
        try await withThrowingTaskGroup { group in
            for id in 0..<200 { group.addTask { try await Items.add(id, to: nodes[id % 2]) } }
            try await group.waitForAll()
        }
        for node in nodes {
            #expect(try await Items.count(in: node) == 200)
            await node.close()
        }
    }
}
