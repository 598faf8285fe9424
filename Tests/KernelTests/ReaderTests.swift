import Base
import Bus
import Kernel
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct ReaderTests {
    @Test(arguments: Backend.allCases)
    func `a reader catches up and goes live without a seam`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            let total = 3000
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for index in 0..<total / 10 {
                        _ = try await log.append((0..<10).map { message("\(index * 10 + $0)") })
                    }
                }
                for _ in 0..<8 {
                    group.addTask {
                        let events = try await log.reader(from: .start).take(total)
                        #expect(events.map(\.position.number) == Array(1...Int64(total)))
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a slow reader loses its mailbox but no event`(backend: Backend) async throws {
        var limits = EventLog.Limits()
        limits.mailboxCapacity = 4
        limits.tailCountMax = 16
        limits.pageSize = 7
        try await withLog(backend, limits: limits) { log, _ in
            let reader = try await log.reader(from: .start)
            _ = try await log.append([message("0")])
            #expect(try await reader.next().count == 1)
            for index in 1...100 { _ = try await log.append([message("\(index)")]) }
            #expect(try await reader.take(100).map(\.position.number) == Array(2...101))
            _ = try await log.append([message("live")])
            #expect(try await reader.next().map(\.text) == ["live"])
        }
    }

    /// Filters, and which of four events pass them.
    static let filters: [(EventFilter, [Int64])] = [
        (EventFilter(), [1, 2, 3, 4]), (EventFilter(.chat(1)), [1, 3]),
        (EventFilter(.source(.bot(2))), [3, 4]),
        (EventFilter(kinds: ["edited_message"]), [4]), (EventFilter(senders: [5]), [1, 2, 3]),
        (EventFilter(.of(chats: [2, 3], sources: [])), [2, 4]),
        (EventFilter(.of(chats: [1], sources: [.bot(2)])), [1, 3, 4]),
        (EventFilter(.chat(1), granted: [.source(.bot(2))]), [3]),
        (EventFilter(.chat(1), kinds: ["message"], senders: [5]), [1, 3]),
        (EventFilter(granted: [.of(chats: [2], sources: [])]), [2]),
    ]
    static let four = [
        message("a", chat: 1), message("b", chat: 2), message("c", chat: 1, source: .bot(2)),
        EventDraft(source: .bot(2), kind: "edited_message", chat: 3, sender: 8, payload: Bytes("d")),
    ]

    @Test(arguments: Backend.allCases, 0..<filters.count)
    func `what is stored is filtered`(backend: Backend, index: Int) async throws {
        let (filter, expected) = Self.filters[index]
        try await withLog(backend) { log, database in
            _ = try await log.append(Self.four)
            let fresh = try await EventLog(database)
            defer { fresh.close() }
            let events = try await fresh.reader(filter, from: .start).take(expected.count)
            #expect(events.map(\.position.number) == expected)
        }
    }

    @Test(arguments: Backend.allCases, 0..<filters.count)
    func `what comes live is filtered`(backend: Backend, index: Int) async throws {
        let (filter, expected) = Self.filters[index]
        try await withLog(backend) { log, _ in
            let reader = try await log.reader(filter, from: .now)
            _ = try await log.append(Self.four)
            #expect(try await reader.take(expected.count).map(\.position.number) == expected)
            // Now it has a mailbox.
            _ = try await log.append(Self.four)
            #expect(try await reader.take(expected.count).map(\.position.number) == expected.map { $0 + 4 })
        }
    }

    @Test(arguments: Backend.allCases)
    func `a filter that nothing passes comes to the end all the same`(backend: Backend) async throws {
        try await withLog(backend) { log, database in
            for _ in 0..<50 { _ = try await log.append((0..<500).map { message("\($0)", chat: 1) }) }
            let other = try await EventLog(database)
            defer { other.close() }
            let task = Task {
                try await other.reader(EventFilter(.chat(1), kinds: ["none"]), from: .start).next().map(
                    \.text)
            }
            _ = try await other.append([
                EventDraft(source: .bot(1), kind: "none", chat: 1, payload: Bytes("at last"))
            ])
            let texts = try await task.value
            #expect(texts == ["at last"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a reader begins at a time`(backend: Backend) async throws {
        let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
        try await withLog(backend, clocks: clock.clocks) { log, _ in
            for index in 0..<20 {
                _ = try await log.append([message("\(index)")])
                clock.advance(by: .seconds(10))
            }
            func first(_ seconds: Int64) async throws -> String? {
                try await log.reader(from: .at(Timestamp(seconds: 1_800_000_000 + seconds))).next().first?
                    .text
            }
            #expect(try await first(-5) == "0")
            #expect(try await first(0) == "0")
            #expect(try await first(95) == "10")
            #expect(try await first(100) == "10")
            #expect(try await first(190) == "19")
        }
    }

    @Test(arguments: Backend.allCases)
    func `from now means nothing that was there`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            _ = try await log.append([message("old")])
            let reader = try await log.reader(from: .now)
            _ = try await log.append([message("new")])
            #expect(try await reader.next().map(\.text) == ["new"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `what another process appends arrives`(backend: Backend) async throws {
        try await withLog(backend) { log, database in
            let other = try await EventLog(database)
            defer { other.close() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await other.following.run(every: .milliseconds(20)) }
                let reader = try await other.reader(from: .now)
                _ = try await log.append([message("from afar")])
                #expect(try await reader.next().map(\.text) == ["from afar"])
                // Its own appends come behind what it has missed.
                _ = try await log.append([message("once more")])
                _ = try await other.append([message("own")])
                #expect(try await reader.take(2).map(\.text) == ["once more", "own"])
                group.cancelAll()
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `large events come in small pages, and none is left out`(backend: Backend) async throws {
        try await withLog(backend) { log, database in
            let large = String(repeating: "x", count: 3 << 20)
            for _ in 0..<10 { _ = try await log.append([message(large), message("small", chat: 8)]) }
            let fresh = try await EventLog(database)
            defer { fresh.close() }
            for (filter, count) in [
                (EventFilter(), 20), (EventFilter(.chat(7)), 10), (EventFilter(senders: [5]), 20),
            ] {
                let reader = try await fresh.reader(filter, from: .start)
                let first = try await reader.next()
                #expect(first.count < count)
                let rest = try await reader.take(count - first.count)
                let positions = (first + rest).map(\.position.number)
                #expect(positions == positions.sorted() && Set(positions).count == count)
            }
        }
    }

    @Test func `a reader that waits ends with its task`() async throws {
        try await withLog(.sqlite) { log, _ in
            let task = Task {
                let reader = try await log.reader(from: .now)
                return try await reader.next().count
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func `a reader that waits ends with the log`() async throws {
        try await withLog(.sqlite) { log, _ in
            let task = Task { try await log.reader(from: .now).next().count }
            log.close()
            await #expect(throws: LogError.closed) { try await task.value }
        }
    }

    @Test(arguments: Backend.allCases)
    func `the position of a live reader goes on though nothing concerns it`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            let reader = try await log.reader(EventFilter(.chat(1)), from: .start)
            _ = try await log.append([message("a", chat: 1)])
            #expect(try await reader.next().count == 1)
            _ = try await log.append([message("b", chat: 2), message("c", chat: 1)])
            #expect(try await reader.next().count == 1)
            _ = try await log.append([message("d", chat: 2)])
            #expect(reader.position == 4)
        }
    }
}

@Suite(.timeLimit(.minutes(5))) struct HintTests {
    @Test(arguments: Backend.allCases)
    func `a hint over the bus brings another node's events at once`(backend: Backend) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(database, [LogSchema.migration]).up()
            let bus = InProcessBus()
            let here = try await EventLog(database, bus: bus)
            let there = try await EventLog(database, bus: bus)
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Without hints it would look once an hour.
                group.addTask { await there.following.run(every: .seconds(3600)) }
                // A hint that comes before it listens is lost to it.
                while there.end == .zero {
                    _ = try await here.append([message("first")])
                    try await Task.sleep(for: .milliseconds(1))
                }
                while there.end < here.end { try await Task.sleep(for: .milliseconds(1)) }
                let reader = try await there.reader(from: .now)
                for index in 0..<20 {
                    _ = try await here.append([message("\(index)")])
                    #expect(try await reader.next().map(\.text) == ["\(index)"])
                }
                group.cancelAll()
            }
            here.close()
            there.close()
        }
    }

    @Test func `channels of chats, sources and all are told the last position`() async throws {
        try await withDatabase(.sqlite) { database in
            try await Migrator(database, [LogSchema.migration]).up()
            let bus = InProcessBus()
            let log = try await EventLog(database, bus: bus)
            let all = await bus.subscribe(to: .messages)
            let chat = await bus.subscribe(to: .chat(7))
            let bot = await bus.subscribe(to: .bot(2))
            _ = try await log.append([message("a"), message("b", source: .bot(2)), message("c", chat: 8)])
            #expect(await all.next() == .message(.messages, Bytes("3")))
            #expect(await chat.next() == .message(.chat(7), Bytes("2")))
            #expect(await bot.next() == .message(.bot(2), Bytes("2")))
            log.close()
        }
    }
}
