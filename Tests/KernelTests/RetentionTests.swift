import Base
import Kernel
import Store
import StoreTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct RetentionTests {
    let clock = ManualClock(Timestamp(seconds: 1_800_000_000))

    /// A log of 20 events of two bots, one in ten seconds, of which retention has seen the last just now.
    private func withAgedLog(
        _ backend: Backend, _ policies: [String: RetentionPolicy],
        _ body: (EventLog, Retention, any Database) async throws -> Void
    ) async throws {
        try await withLog(backend, clocks: clock.clocks) { log, database in
            let retention = Retention(
                database, deliveryWindow: .seconds(50), clocks: clock.clocks, stepMax: 3)
            for (source, policy) in policies { try await retention.set(policy, for: source) }
            for index in 0..<20 {
                _ = try await log.append([
                    message(
                        "\(index)", chat: Int64(index % 2), key: "\(index)", source: .bot(Int64(index % 2)))
                ])
                clock.advance(by: .seconds(10))
            }
            let fresh = try await EventLog(database)
            defer { fresh.close() }
            try await body(fresh, retention, database)
        }
    }

    @Test(arguments: Backend.allCases)
    func `what is older than the policy of its source goes`(backend: Backend) async throws {
        try await withAgedLog(backend, ["bot:0": RetentionPolicy(keptFor: .seconds(100))]) {
            log, retention, _ in
            let seen1 = try await retention.sweep().deleted
            #expect(seen1 == 5)
            let left = try await log.reader(EventFilter(.source(.bot(0))), from: .start).take(5)
            #expect(left.map(\.text) == ["10", "12", "14", "16", "18"])
            let seen2 = try await log.reader(EventFilter(.source(.bot(1))), from: .start).take(10).count
            #expect(seen2 == 10)
            let seen3 = try await retention.sweep().deleted
            #expect(seen3 == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a policy for every source holds where there is no other`(backend: Backend) async throws {
        let policies = [
            Retention.everySource: RetentionPolicy(keptFor: .seconds(40)), "bot:1": RetentionPolicy(),
        ]
        try await withAgedLog(backend, policies) { log, retention, _ in
            let seen4 = try await retention.sweep().deleted
            #expect(seen4 == 8)
            let seen5 = try await log.reader(EventFilter(.source(.bot(0))), from: .start).take(2).map(\.text)
            #expect(seen5 == ["16", "18"])
            let seen6 = try await retention.policy(for: "bot:1")
            #expect(seen6 == RetentionPolicy())
            let seen7 = try await retention.policy(for: "bot:7").keptFor
            #expect(seen7 == .seconds(40))
        }
    }

    @Test(arguments: Backend.allCases)
    func `a cursor behind which something was taken says so, and from where all is there`(backend: Backend)
        async throws
    {
        try await withAgedLog(backend, ["bot:0": RetentionPolicy(keptFor: .seconds(100))]) {
            log, retention, _ in
            _ = try await retention.sweep()
            for filter in [EventFilter(.source(.bot(0))), EventFilter()] {
                let reader = try await log.reader(filter, from: .after(3))
                await #expect(throws: LogError.cursorExpired(oldest: 10)) { try await reader.next() }
            }
            let chat = try await log.reader(EventFilter(.chat(0)), from: .after(3))
            await #expect(throws: LogError.cursorExpired(oldest: 11)) { try await chat.next() }
            // Others lost nothing, and neither has who stands behind what went.
            let seen8 = try await log.reader(EventFilter(.chat(1)), from: .after(3)).take(9).count
            #expect(seen8 == 9)
            let seen9 = try await log.reader(EventFilter(.source(.bot(1))), from: .after(3)).take(9).count
            #expect(seen9 == 9)
            let seen10 = try await log.reader(from: .after(9)).take(11).count
            #expect(seen10 == 11)
        }
    }

    @Test(arguments: Backend.allCases)
    func `sequences go on after everything of a chat has gone`(backend: Backend) async throws {
        try await withAgedLog(backend, ["*": RetentionPolicy(keptFor: .seconds(0))]) { log, retention, _ in
            let seen11 = try await retention.sweep().deleted
            #expect(seen11 == 20)
            _ = try await log.append([message("new", chat: 0)])
            let event = try await log.reader(EventFilter(.chat(0)), from: .start).take(1)
            #expect(event.map(\.sequence) == [11])
            #expect(event.map(\.position) == [21])
        }
    }

    @Test(arguments: Backend.allCases)
    func `metadata stays and content goes after the delivery window`(backend: Backend) async throws {
        try await withAgedLog(backend, ["bot:0": RetentionPolicy(content: .metadata)]) { log, retention, _ in
            let seen12 = try await retention.sweep().stripped
            #expect(seen12 == 8)
            let events = try await log.reader(EventFilter(.source(.bot(0))), from: .start).take(10)
            #expect(
                events.map { $0.content.payload == nil } == Array(repeating: true, count: 8) + [false, false])
            #expect(events.allSatisfy { $0.content.sender == 5 })
        }
    }

    @Test(arguments: Backend.allCases)
    func `nothing stays of a source that is not to be kept`(backend: Backend) async throws {
        try await withAgedLog(backend, ["bot:0": RetentionPolicy(content: .none)]) { log, retention, _ in
            let seen13 = try await retention.sweep().deleted
            #expect(seen13 == 8)
            let seen14 = try await log.reader(EventFilter(.source(.bot(0))), from: .start).take(2).map(\.text)
            #expect(seen14 == ["16", "18"])
        }
    }
}
