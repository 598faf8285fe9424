import Base
import Kernel
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct AppendTests {
    @Test(arguments: Backend.allCases)
    func `an event comes back as it was appended`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            let draft = message("hällo", key: "bot:1/77")
            let result1 = try await log.append([draft])
            #expect(result1 == [.new(1)])
            let event = try #require(try await log.reader(from: .start).next().first)
            #expect(event.content == draft)
            #expect(event.position == 1)
            #expect(event.sequence == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func `an event without chat, key, times and payload is one too`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            let draft = EventDraft(source: .gateway, kind: "started")
            let result2 = try await log.append([draft])
            #expect(result2 == [.new(1)])
            let event = try #require(try await log.reader(from: .start).next().first)
            #expect(event.content == draft)
            #expect(event.sequence == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a key that is there already collapses, in one call and over calls`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            let twice = [message("a", key: "k1"), message("a", key: "k1"), message("b", key: "k2")]
            let result3 = try await log.append(twice)
            #expect(result3 == [.new(1), .duplicate(of: 1), .new(2)])
            let result4 = try await log.append(twice)
            #expect(result4 == [.duplicate(of: 1), .duplicate(of: 1), .duplicate(of: 2)])
            let result5 = try await log.append([message("c", key: "k3")])
            #expect(result5 == [.new(3)])
        }
    }

    @Test(arguments: Backend.allCases)
    func `each chat counts for itself, and duplicates leave no hole`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            _ = try await log.append([
                message("a", chat: 1, key: "a"), message("b", chat: 2), message("c", chat: 1, key: "a"),
                message("d", chat: 1), message("e", chat: nil),
            ])
            _ = try await log.append([message("f", chat: 1), message("g", chat: 2)])
            let events = try await log.reader(from: .start).take(6)
            #expect(events.map(\.text) == ["a", "b", "d", "e", "f", "g"])
            #expect(events.map(\.sequence) == [1, 1, 2, 0, 3, 2])
            #expect(events.map(\.position) == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test(arguments: Backend.allCases)
    func `sequences go on where another process left them`(backend: Backend) async throws {
        try await withLog(backend) { log, database in
            let other = try await EventLog(database)
            _ = try await log.append([message("a")])
            _ = try await other.append([message("b")])
            _ = try await log.append([message("c")])
            let fresh = try await EventLog(database)
            let events = try await fresh.reader(from: .start).take(3)
            #expect(events.map(\.sequence) == [1, 2, 3])
            fresh.close()
            other.close()
        }
    }

    @Test(arguments: Backend.allCases)
    func `many callers at once get positions of their own`(backend: Backend) async throws {
        try await withLog(backend) { log, _ in
            let positions = try await withThrowingTaskGroup(of: [Position].self) { group in
                for caller in 0..<200 {
                    group.addTask {
                        try await log.append([message("\(caller)", chat: Int64(caller % 7)), message("x")])
                            .map(\.position)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(positions.joined()).count == 400)
            // A caller's drafts stand together.
            #expect(positions.allSatisfy { $0[1] == $0[0] + 1 })
            let stored = try await log.reader(from: .start).take(400)
            #expect(stored.map(\.position.number) == Array(1...400))
        }
    }

    @Test(arguments: [
        message("a", key: "a\0b"), message("a", key: ""), EventDraft(source: .bot(1), kind: ""),
    ])
    func `what one of the databases cannot store is refused before it is tried`(draft: EventDraft)
        async throws
    {
        try await withLog(.sqlite) { log, _ in
            await #expect(throws: LogError.self) { try await log.append([draft]) }
            let result6 = try await log.append([message("b")])
            #expect(result6 == [.new(1)])
        }
    }

    @Test func `a payload beyond the bound is refused`() async throws {
        var limits = EventLog.Limits()
        limits.payloadBytesMax = 10
        try await withLog(.sqlite, limits: limits) { log, _ in
            await #expect(throws: LogError.self) { try await log.append([message("12345678901")]) }
            let result7 = try await log.append([message("1234567890")])
            #expect(result7 == [.new(1)])
        }
    }

    @Test func `appends to a closed log are refused`() async throws {
        try await withLog(.sqlite) { log, _ in
            log.close()
            await #expect(throws: LogError.closed) { try await log.append([message("a")]) }
        }
    }

    @Test(arguments: Backend.allCases)
    func `time never runs backwards, whatever the clock does`(backend: Backend) async throws {
        let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
        try await withLog(backend, clocks: clock.clocks) { log, _ in
            _ = try await log.append([message("a")])
            clock.set(Timestamp(seconds: 1_700_000_000))
            _ = try await log.append([message("b")])
            let events = try await log.reader(from: .start).take(2)
            #expect(events.map(\.recordedAt.seconds) == [1_800_000_000, 1_800_000_000])
        }
    }

    @Test func `a caller who gives up does not take the others' events along`() async throws {
        try await withLog(.sqlite) { log, _ in
            await withTaskGroup(of: Void.self) { group in
                for caller in 0..<50 {
                    group.addTask {
                        let task = Task { try await log.append([message("\(caller)", key: "\(caller)")]) }
                        if caller % 3 == 0 { task.cancel() }
                        _ = await task.result
                    }
                }
            }
            // Those who were not cancelled are all there; asking again finds them.
            for caller in 0..<50 where caller % 3 != 0 {
                let again = try await log.append([message("\(caller)", key: "\(caller)")])
                #expect(again != [.new(again[0].position)])
            }
        }
    }
}
