import Base
import Kernel
import Store
import StoreTesting
import Synchronization
import Testing

/// Where the log, what is kept in memory and what retention takes meet.
@Suite(.timeLimit(.minutes(5))) struct SeamTests {
    let clock = ManualClock(Timestamp(seconds: 1_800_000_000))

    private func takeAll(of source: String, _ database: any Database) async throws {
        let retention = Retention(database, clocks: clock.clocks)
        try await retention.set(RetentionPolicy(keptFor: .zero), for: source)
        clock.advance(by: .seconds(10))
        _ = try await retention.sweep()
    }

    @Test(arguments: Backend.allCases)
    func `a reader's position covers nothing that it was not given, though the log is closed`(
        backend: Backend
    ) async throws {
        try await withLog(backend) { log, _ in
            let reader = try await log.reader(from: .start)
            _ = try await log.append([message("a")])
            #expect(try await reader.next().map(\.text) == ["a"])
            _ = try await log.append([message("b")])
            log.close()
            #expect(reader.position == 1)
        }
    }

    /// A database after whose next read something happens, before anybody is told what was read.
    private final class Late: Database {
        let inner: any Database
        let next = Mutex<(@Sendable () async throws -> Void)?>(nil)
        init(_ inner: any Database) { self.inner = inner }
        var dialect: Dialect { inner.dialect }
        var state: DatabaseState { inner.state }
        func read<R: Sendable>(
            _ body: @escaping @Sendable (any ReadTransaction) async throws -> R
        ) async throws -> R {
            let result = try await inner.read(body)
            let act = next.withLock { next in
                defer { next = nil }
                return next
            }
            try await act?()
            return result
        }
        func write<R: Sendable>(
            _ body: @escaping @Sendable (any Transaction) async throws -> R
        ) async throws -> R { try await inner.write(body) }
        func checkIntegrity() async throws -> [String] { try await inner.checkIntegrity() }
        func sizeBytes() async throws -> Int64 { try await inner.sizeBytes() }
        func close() async { await inner.close() }
    }

    @Test(arguments: Backend.allCases)
    func `what comes in while the last events are counted is behind the position before them`(
        backend: Backend
    ) async throws {
        try await withLog(backend) { _, database in
            let late = Late(database)
            let log = try await EventLog(late)
            defer { log.close() }
            _ = try await log.append([EventDraft(source: .bot(9), kind: "noise")])
            late.next.withLock { $0 = { _ = try await log.append([message("a")]) } }
            let position = try await log.position(
                before: 1, EventFilter(kinds: ["message"]), after: .zero)
            #expect(position == 1)
            #expect(log.end == 2)
        }
    }

    @Test(arguments: Backend.allCases)
    func `who overflows after a long quiet has not missed what was taken meanwhile`(backend: Backend)
        async throws
    {
        var limits = EventLog.Limits()
        limits.mailboxCapacity = 4
        limits.tailCountMax = 4
        try await withLog(backend, limits: limits, clocks: clock.clocks) { log, database in
            let reader = try await log.reader(EventFilter(kinds: ["message"]), from: .start)
            _ = try await log.append([message("0")])
            #expect(try await reader.next().count == 1)
            for _ in 0..<20 { _ = try await log.append([EventDraft(source: .bot(9), kind: "noise")]) }
            try await takeAll(of: "bot:9", database)
            for index in 1...10 { _ = try await log.append([message("\(index)")]) }
            #expect(try await reader.take(10).map(\.text) == (1...10).map { "\($0)" })
        }
    }

    @Test(arguments: Backend.allCases)
    func `a live reader is told when something was taken before it could come`(backend: Backend)
        async throws
    {
        try await withLog(backend, clocks: clock.clocks) { log, database in
            let other = try await EventLog(database, clocks: clock.clocks)
            defer { other.close() }
            let all = try await other.reader(from: .now)
            let chat = try await other.reader(EventFilter(.chat(7)), from: .now)
            _ = try await other.append([message("a")])
            #expect(try await all.next().count == 1)
            #expect(try await chat.next().count == 1)
            let noise = EventDraft(source: .bot(9), kind: "noise", chat: 9)
            _ = try await log.append(Array(repeating: noise, count: 10))
            try await takeAll(of: "bot:9", database)
            _ = try await log.append([message("b")])
            let following = Task { await other.following.run(every: .milliseconds(20)) }
            defer { following.cancel() }
            await #expect(throws: LogError.cursorExpired(oldest: 12)) { try await all.next() }
            let rest = try await chat.next()
            #expect(rest.map(\.text) == ["b"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `from the start is never too early`(backend: Backend) async throws {
        try await withLog(backend, clocks: clock.clocks) { log, database in
            _ = try await log.append(Array(repeating: message("old", source: .bot(9)), count: 5))
            _ = try await log.append([message("new")])
            let fresh = try await EventLog(database)
            defer { fresh.close() }
            let readers = [
                try await fresh.reader(from: .start),
                try await fresh.reader(EventFilter(.chat(7)), from: .start),
            ]
            try await takeAll(of: "bot:9", database)
            for reader in readers {
                let events = try await reader.next()
                #expect(events.map(\.text) == ["new"])
            }
        }
    }

    /// Filters that lose nothing when bot 9 and its chat 9 go.
    static let untouched = [
        EventFilter(.of(chats: [7, 8], sources: [])),
        EventFilter(.of(chats: [], sources: [.bot(1), .bot(2)])),
        EventFilter(.of(chats: [7], sources: [.bot(2)])),
        EventFilter(granted: [.of(chats: [7, 8], sources: [])]),
        EventFilter(.of(chats: [7, 9], sources: []), granted: [.of(chats: [7, 8], sources: [])]),
    ]

    @Test(arguments: Backend.allCases, untouched)
    func `a cursor does not expire for what others have lost`(backend: Backend, filter: EventFilter)
        async throws
    {
        try await withLog(backend, clocks: clock.clocks) { log, database in
            _ = try await log.append([
                message("a"), EventDraft(source: .bot(9), kind: "noise", chat: 9), message("b"),
            ])
            try await takeAll(of: "bot:9", database)
            let fresh = try await EventLog(database)
            defer { fresh.close() }
            let events = try await fresh.reader(filter, from: .after(0)).take(2)
            #expect(events.map(\.text) == ["a", "b"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a cursor of several chats expires when one of them has lost something`(backend: Backend)
        async throws
    {
        try await withLog(backend, clocks: clock.clocks) { log, database in
            _ = try await log.append([
                message("a"), message("gone", source: .bot(9)), message("b", chat: 8),
            ])
            try await takeAll(of: "bot:9", database)
            let fresh = try await EventLog(database)
            defer { fresh.close() }
            let reader = try await fresh.reader(
                EventFilter(.of(chats: [7, 8], sources: [])), from: .after(0))
            await #expect(throws: LogError.cursorExpired(oldest: 3)) { try await reader.next() }
        }
    }

    @Test func `a reader that may see nothing is counted, and ends with the log`() async throws {
        try await withDatabase(.sqlite) { database in
            try await Migrator(database, [LogSchema.migration]).up()
            let metrics = Metrics()
            let log = try await EventLog(database, metrics: metrics)
            let filters = [
                EventFilter(granted: [.of(chats: [], sources: [])]),
                EventFilter(.of(chats: [1, 2, 3], sources: [.bot(1)])),
            ]
            let tasks = filters.map { filter in
                Task { try await log.reader(filter, from: .now).next().count }
            }
            let deadline = ContinuousClock.now + .seconds(30)
            func shown() -> String { MetricText.prometheus.render(metrics.snapshots()).repairedText }
            while !shown().contains("log_readers 2\n"), ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(shown().contains("log_readers 2\n"))
            log.close()
            for task in tasks { await #expect(throws: LogError.closed) { try await task.value } }
        }
    }

    @Test func `what the end of the log no longer keeps is let go`() async throws {
        struct Trace { weak var event: Event? }
        var limits = EventLog.Limits()
        limits.tailBytesMax = 10_000
        try await withLog(.sqlite, limits: limits) { log, _ in
            let reader = try await log.reader(from: .start)
            var traces: [Trace] = []
            for _ in 0..<100 {
                _ = try await log.append([message(String(repeating: "x", count: 1000))])
                traces += try await reader.next().map { Trace(event: $0) }
            }
            #expect(traces.count == 100)
            #expect(traces.count { $0.event != nil } <= 20)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the follower can be run again`(backend: Backend) async throws {
        try await withLog(backend) { log, database in
            let other = try await EventLog(database)
            defer { other.close() }
            let first = Task { await other.following.run(every: .milliseconds(5)) }
            first.cancel()
            await first.value
            let second = Task { await other.following.run(every: .milliseconds(5)) }
            defer { second.cancel() }
            let reader = try await other.reader(from: .now)
            _ = try await log.append([message("from afar")])
            #expect(try await reader.next().map(\.text) == ["from afar"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `keys are told apart by their bytes`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            let results = try await log.append([message("a", key: "\u{e9}"), message("b", key: "e\u{301}")])
            #expect(results == [.new(1), .new(2)])
            let again = try await log.append([message("c", key: "\u{e9}"), message("d", key: "e\u{301}")])
            #expect(again == [.duplicate(of: 1), .duplicate(of: 2)])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a log without a head is not opened`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(database, [LogSchema.migration]).up()
            try await database.write { try await $0.execute("DELETE FROM log_head") }
            await #expect(throws: StoreError.self) { try await EventLog(database) }
        }
    }
}
