import Base
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(10))) struct WaitingTests {
    private enum Outcome { case written, cancelled, overloaded, other }

    private static func outcome(_ body: () async throws -> Void) async -> Outcome {
        do {
            try await body()
            return .written
        } catch is CancellationError {
            return .cancelled
        } catch let error as StoreError where error.code == .overloaded {
            return .overloaded
        } catch {
            return .other
        }
    }

    /// Writes of which the first to begin holds up those behind it, as long as the gate is shut.
    private static func write(_ id: Int, _ gate: Gate, to database: any Database) async -> Outcome {
        await outcome {
            try await database.write { transaction in
                await gate.pass()
                try await Items.add(id, in: transaction)
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `who is cancelled while waiting writes nothing`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let gate = Gate()
            let tasks = (0..<300).map { id in Task { await Self.write(id, gate, to: database) } }
            try await until { gate.arrived > 0 }
            for task in tasks { task.cancel() }
            gate.open()
            var written: [Int] = []
            for (id, task) in tasks.enumerated() {
                let outcome = await task.value
                #expect(outcome == .written || outcome == .cancelled)
                if outcome == .written { written.append(id) }
            }
            #expect(!written.isEmpty && written.count < 300)
            #expect(try await Items.ids(in: database) == written)
        }
    }

    @Test(arguments: Backend.allCases)
    func `who is cancelled while waiting is told at once`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let gate = Gate()
            let tasks = (0..<300).map { id in Task { await Self.write(id, gate, to: database) } }
            try await until { gate.arrived > 0 }
            let begun = gate.arrived
            // The gate stays shut: these end nevertheless.
            for task in tasks { task.cancel() }
            let ended = Counter()
            let watchers = tasks.map { task in Task { if await task.value == .cancelled { ended.add() } } }
            try await until { ended.value > 0 && ended.value >= 300 - max(begun, gate.arrived) }
            gate.open()
            for watcher in watchers { await watcher.value }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a task that is cancelled already writes nothing`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let gate = Gate()
            let task = Task {
                await gate.pass()
                return await Self.outcome { try await Items.add(1, to: database) }
            }
            task.cancel()
            gate.open()
            #expect(await task.value == .cancelled)
            let count = try await Items.count(in: database)
            #expect(count == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `who is cancelled in the middle is written as a whole`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let gate = Gate()
            let task = Task { await Self.write(1, gate, to: database) }
            try await until { gate.arrived == 1 }
            task.cancel()
            gate.open()
            #expect(await task.value == .written)
            #expect(try await Items.ids(in: database) == [1])
        }
    }

    @Test(arguments: Backend.allCases)
    func `more writers than may wait are refused`(backend: Backend) async throws {
        try await withItems(backend, .init(waitingMax: 10)) { database in
            let gate = Gate()
            let tasks = (0..<300).map { id in Task { await Self.write(id, gate, to: database) } }
            let refused = Counter()
            let watchers = tasks.map { task in Task { if await task.value == .overloaded { refused.add() } } }
            try await until { refused.value > 0 }
            gate.open()
            for watcher in watchers { await watcher.value }
            #expect(try await Items.count(in: database) == 300 - refused.value)
            // There is room again.
            try await Items.add(1_000, to: database)
        }
    }

    @Test(arguments: Backend.allCases)
    func `more readers than may wait are refused`(backend: Backend) async throws {
        try await withItems(backend, .init(waitingMax: 10)) { database in
            let gate = Gate()
            let refused = Counter()
            let tasks = (0..<300).map { _ in
                Task {
                    let outcome = await Self.outcome { try await database.read { _ in await gate.pass() } }
                    if outcome == .overloaded { refused.add() }
                }
            }
            try await until { refused.value > 0 }
            gate.open()
            for task in tasks { await task.value }
            #expect(try await Items.count(in: database) == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a reader that is cancelled while waiting leaves its place`(backend: Backend) async throws {
        try await withItems(backend) { database in
            let gate = Gate()
            let ended = Counter()
            let tasks = (0..<100).map { _ in
                Task {
                    let outcome = await Self.outcome { try await database.read { _ in await gate.pass() } }
                    if outcome == .cancelled { ended.add() }
                }
            }
            try await until { gate.arrived > 0 }
            for task in tasks { task.cancel() }
            try await until { ended.value > 0 && ended.value >= 100 - gate.arrived }
            gate.open()
            for task in tasks { await task.value }
            #expect(try await Items.count(in: database) == 0)
        }
    }
}
