import Base
import BotAPI
import Bus
import Kernel
import Store
import StoreTesting
import Testing

@testable import Sending

/// What the database leaves open must not leave a send open.
@Suite(.timeLimit(.minutes(10))) struct SendOutageTests {
    /// A node whose writes of one kind fail when the test says so.
    private func withFaults<R>(
        in _: R.Type, _ change: @escaping (inout Sends.Parts) -> Void = { _ in },
        _ body: (SendHouse, FaultyDatabase) async throws -> Void
    ) async throws {
        try await FakeTelegram.open { telegram in
            try await withDatabase(.sqlite) { database in
                try await SendHouse.prepare(database)
                let faulty = FaultyDatabase(database) { $0 == R.self }
                try await SendHouse.run(
                    database, telegram, bus: InProcessBus(), "a",
                    {
                        $0.database = faulty
                        change(&$0)
                    }
                ) { house in
                    // Its bot has a sender from here on.
                    _ = try await house.sent(try SendHouse.draft("first"))
                    try await body(house, faulty)
                }
            }
        }
    }

    @Test(arguments: [
        [FaultyDatabase.Fault.unknownAndDone], [.unknownAndUndone], [.unknownAndDone, .refused],
        [.unknownAndUndone, .unknownAndDone],
    ])
    func `a send whose making was left open is made once, and told so`(faults: [FaultyDatabase.Fault])
        async throws
    {
        try await withFaults(in: [SendStore.Stored].self) { house, faulty in
            for (text, key) in [("x", nil), ("y", "k")] {
                faulty.fail(faults)
                let draft = try SendHouse.draft(text) { $0.idempotencyKey = key }
                #expect(try await house.sent(draft).state == .sent)
                #expect(faulty.faultsLeft == 0)
            }
            #expect(house.telegram.calls.map(\.text) == ["first", "x", "y"])
        }
    }

    @Test func `a send of which the database never says whether it has it goes if it has it`() async throws {
        try await withFaults(in: [SendStore.Stored].self) { house, faulty in
            faulty.fail([.unknownAndDone, .refused, .refused, .refused, .refused])
            let draft = try SendHouse.draft("x") { $0.idempotencyKey = "k" }
            await #expect(throws: StoreError.self) {
                _ = try await house.sends.submit(draft, by: SendHouse.caller)
            }
            #expect(faulty.faultsLeft == 0)
            #expect(try await house.sent(draft).state == .sent)
            #expect(house.telegram.calls.map(\.text) == ["first", "x"])
        }
    }

    @Test func `a send whose making was left open is not made anew once the lease is lost`() async throws {
        try await withDatabase(.sqlite) { database in
            try await SendHouse.prepare(database)
            let lost = try #require(
                try await Leases(database).acquire("bot:42:send", holder: "a", for: .seconds(60)))
            try await database.write { transaction in
                try await transaction.execute("UPDATE leases SET holder = 'thief', token = token + 1")
            }
            let faulty = FaultyDatabase(database, [.neverBegun])
            let store = SendStore(database: faulty, clocks: .system)
            let new = SendStore.New(
                id: 1, draft: try SendHouse.draft("x"), owner: "user:7", state: .sending)
            let failure = await #expect(throws: StoreError.self) {
                _ = try await store.insert([new], under: lost)
            }
            #expect(failure?.code == .outcomeUnknown)
            #expect(try await store.send(1) == nil)
        }
    }

    @Test func `a send that comes back goes before those behind it, though the database left that open`()
        async throws
    {
        try await withFaults(in: Send?.self) { house, faulty in
            faulty.fail([.unknownAndDone])
            house.telegram.answers {
                $0.number == 2
                    ? FakeTelegram.refusal(429, "Too Many Requests", #"{"retry_after":1}"#)
                    : FakeTelegram.message($0)
            }
            let stored = try await house.sends.submit(
                try ["a", "b"].map { try SendHouse.draft($0) }, by: SendHouse.caller)
            for case .new(let send) in stored { _ = try await house.wait(send.id, .sent) }
            #expect(faulty.faultsLeft == 0)
            #expect(house.telegram.calls.map(\.text) == ["first", "a", "a", "b"])
        }
    }

    @Test(arguments: [FaultyDatabase.Fault.unknownAndDone, .unknownAndUndone, .refused])
    func `a send whose going was left open goes once, before those behind it`(
        fault: FaultyDatabase.Fault
    ) async throws {
        try await withFaults(in: SendStore.Departure?.self) { house, faulty in
            faulty.fail([fault])
            let stored = try await house.sends.submit(
                try (1...3).map { try SendHouse.draft("\($0)") }, by: SendHouse.caller)
            for case .new(let send) in stored {
                let sent = try await house.wait(send.id, .sent)
                #expect(sent.attempts == 1)
            }
            #expect(faulty.faultsLeft == 0)
            #expect(house.telegram.calls.map(\.text) == ["first", "1", "2", "3"])
        }
    }

    @Test func `a send whose end can never be written down is uncertain in the end`() async throws {
        try await withFaults(in: Send?.self) { house, faulty in
            faulty.fail([.broken])
            let send = try await house.sends.submit(try SendHouse.draft("x"), by: SendHouse.caller)
            let ended = try await house.wait(send.id, .uncertain)
            #expect(ended.errorCode == "interrupted")
            #expect(ended.error?.contains("could not be written down") == true)
            #expect(house.telegram.calls.map(\.text) == ["first", "x"])
        }
    }

    @Test func `what Telegram says may hold what a database cannot`() async throws {
        try await FakeTelegram.open { telegram in
            telegram.answers { _ in FakeTelegram.refusal(400, #"no\u0000good"#) }
            try await withDatabase(.postgres) { database in
                try await SendHouse.prepare(database)
                try await SendHouse.run(database, telegram, bus: InProcessBus(), "a") { house in
                    let send = try await house.sent(try SendHouse.draft("x"))
                    #expect(send.state == .failed)
                    #expect(send.error?.contains("no\u{FFFD}good") == true)
                }
            }
        }
    }

    @Test func `a send that is stored when its sender has ended waits for the next one`() async throws {
        try await SendHouse.open { house in
            _ = try await house.sent(try SendHouse.draft("first"))
            let core = house.sends.core
            let lease = try #require(house.sends.service.sender(42)?.lease)
            let sender = BotSender(42, lease, core, Governor(core.parts.settings.limits))
            sender.stop()
            await sender.run()
            let draft = try SendHouse.draft("x")
            let id = house.sends.numbers.next()
            let new = SendStore.New(id: id, draft: draft, owner: "user:7", state: .sending)
            let stored = try await core.store.insert([new], under: lease)
            guard case .new(let send) = try #require(stored.first) else { throw CancellationError() }
            #expect(!sender.depart(send.entry, SendStore.Departure(send: send, body: draft.body)))
            let waiting = try #require(try await core.store.unmark(send))
            #expect(waiting.state == .pending)
            #expect(waiting.attempts == 0)
            _ = try await house.wait(id, .sent)
        }
    }
}
