import Base
import BotAPI
import Bus
import Kernel
import Store
import StoreTesting
import Testing
import Wire

@testable import Sending

@Suite struct SendRecoveryTests {
    /// What a node that died a minute ago has left behind.
    private func leave(
        _ drafts: [SendDraft], _ state: Send.State, in database: any Database
    ) async throws -> [Int64] {
        let past = ManualClock(Clocks.system.now - .seconds(60)).clocks
        let numbers = SendNumbers(past)
        let new = drafts.map { SendStore.New(id: numbers.next(), draft: $0, owner: "user:7", state: state) }
        _ = try await SendStore(database: database, clocks: past).insert(new, under: nil)
        return new.map(\.id)
    }

    private func withLeft(
        _ backend: Backend, _ drafts: [SendDraft], _ state: Send.State,
        _ body: (SendHouse, [Int64]) async throws -> Void
    ) async throws {
        try await FakeTelegram.open { telegram in
            try await withDatabase(backend) { database in
                try await SendHouse.prepare(database)
                let ids = try await leave(drafts, state, in: database)
                try await SendHouse.run(database, telegram, bus: InProcessBus(), "b") {
                    try await body($0, ids)
                }
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `what was on its way when its node died is uncertain, and what may be done twice is done`(
        backend: Backend
    ) async throws {
        let delete = SendDraft(
            bot: 42, chat: 6, method: try #require(BotMethod("deleteMessage")),
            body: .json(#"{"chat_id":6,"message_id":3}"#))
        try await withLeft(backend, [try SendHouse.draft("lost"), delete], .sending) { house, ids in
            let lost = try await house.wait(ids[0], .uncertain)
            #expect(lost.errorCode == "interrupted")
            _ = try await house.wait(ids[1], .sent)
            #expect(house.telegram.calls.map(\.method) == ["deleteMessage"])
            // Its node died before the log knew of it at all.
            let events = try await house.events(of: lost.id, 2)
            #expect(events.map(\.content.kind) == ["send.pending", "send.uncertain"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `what waited when its node died is sent, in order`(backend: Backend) async throws {
        let drafts = try (0..<50).map { try SendHouse.draft("\($0)") }
        try await withLeft(backend, drafts, .pending) { house, ids in
            for id in ids { _ = try await house.wait(id, .sent) }
            #expect(house.telegram.calls.map(\.text) == (0..<50).map { "\($0)" })
        }
    }

    @Test func `what was tried in vain before its node died goes first all the same`() async throws {
        try await FakeTelegram.open { telegram in
            try await withDatabase(.sqlite) { database in
                try await SendHouse.prepare(database)
                telegram.answers { _ in throw CancellationError() }
                let delete = SendDraft(
                    bot: 42, chat: 5, method: try #require(BotMethod("deleteMessage")),
                    body: .json(#"{"chat_id":5,"message_id":3}"#))
                var ids: [Int64] = []
                try await SendHouse.run(
                    database, telegram, bus: InProcessBus(), "a",
                    { $0.settings.backOff = .seconds(20)...Duration.seconds(20) }
                ) { house in
                    for draft in [delete, try SendHouse.draft("x")] {
                        ids.append(try await house.sends.submit(draft, by: SendHouse.caller).id)
                    }
                    while try await house.sends.send(ids[0])?.errorCode == nil {
                        try await Task.sleep(for: .milliseconds(2))
                    }
                    #expect(try await house.sends.send(ids[0])?.notBefore == nil)
                }
                telegram.answers { FakeTelegram.message($0) }
                let before = telegram.calls.count
                try await SendHouse.run(database, telegram, bus: InProcessBus(), "b") { house in
                    for id in ids { _ = try await house.wait(id, .sent) }
                    #expect(
                        telegram.calls.dropFirst(before).map(\.method) == ["deleteMessage", "sendMessage"])
                }
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `what is large is kept apart until it is sent, and then no more`(backend: Backend) async throws {
        try await SendHouse.open(backend) { house in
            let text = String(repeating: "x", count: 20_000)
            func apart() async throws -> Int {
                try await house.database.read {
                    try await $0.all("SELECT id FROM send_bodies") { try $0.integer(0) }
                }
                .count
            }
            let later = try await house.sends.submit(
                try SendHouse.draft(text) { $0.notBefore = Clocks.system.now + .seconds(99) },
                by: SendHouse.caller)
            #expect(try await apart() == 1)
            _ = try await house.sends.cancel(later)
            #expect(try await apart() == 0)
            let stored = try await house.sends.submit(
                [try SendHouse.draft("short"), try SendHouse.draft(text)], by: SendHouse.caller)
            for case .new(let send) in stored { _ = try await house.wait(send.id, .sent) }
            #expect(house.telegram.calls.map(\.text) == ["short", text])
            #expect(try await apart() == 0)
        }
    }

    @Test func `a change that a crash kept from the log is made up for`() async throws {
        try await withLeft(
            .sqlite, [try SendHouse.draft("x") { $0.notBefore = Clocks.system.now + .seconds(99) }], .pending
        ) {
            house, ids in
            let events = try await house.events(of: ids[0], 1)
            #expect(events.map(\.content.kind) == ["send.pending"])
        }
    }

    @Test func `a pause that Telegram wants outlives its node`() async throws {
        try await FakeTelegram.open { telegram in
            try await withDatabase(.sqlite) { database in
                try await SendHouse.prepare(database)
                telegram.answers { _ in FakeTelegram.refusal(429, "Too Many Requests", #"{"retry_after":4}"#)
                }
                var id: Int64 = 0
                try await SendHouse.run(database, telegram, bus: InProcessBus(), "a") { house in
                    id = try await house.sends.submit(try SendHouse.draft("x"), by: SendHouse.caller).id
                    while telegram.calls.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
                    _ = try await house.wait(id, .pending)
                    while try await house.sends.send(id)?.attempts == 0 {
                        try await Task.sleep(for: .milliseconds(2))
                    }
                }
                // One, unless the pause was over before the node had stopped.
                let refused = telegram.calls
                telegram.answers { FakeTelegram.message($0) }
                try await SendHouse.run(database, telegram, bus: InProcessBus(), "b") { house in
                    // Another chat of the same bot: Telegram's word is for all of it.
                    let other = try await house.sends.submit(
                        try SendHouse.draft("y", to: 6), by: SendHouse.caller)
                    _ = try await house.wait(other.id, .sent)
                    _ = try await house.wait(id, .sent)
                }
                let calls = telegram.calls
                #expect(calls.count == refused.count + 2)
                #expect(calls[refused.count].at - calls[refused.count - 1].at >= 4_000_000_000)
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `of two nodes one sends, whoever was asked`(backend: Backend) async throws {
        try await FakeTelegram.open { telegram in
            try await withDatabase(backend) { database in
                try await SendHouse.prepare(database)
                let bus = InProcessBus()
                try await SendHouse.run(database, telegram, bus: bus, "a") { one in
                    try await SendHouse.run(database, telegram, bus: bus, "b") { other in
                        for number in 0..<20 {
                            let house = number.isMultiple(of: 2) ? one : other
                            let send = try await house.sent(try SendHouse.draft("\(number)"))
                            #expect(send.state == .sent)
                        }
                        #expect(telegram.calls.map(\.text) == (0..<20).map { "\($0)" })
                        let owners = [one, other].filter { $0.sends.budget(of: 42) != nil }
                        #expect(owners.count == 1)
                    }
                }
            }
        }
    }

    @Test func `a node that lost its lease begins nothing more`() async throws {
        try await SendHouse.open { house in
            _ = try await house.sent(try SendHouse.draft("a"))
            try await house.database.write { transaction in
                try await transaction.execute(
                    "UPDATE leases SET holder = 'thief', token = token + 1 WHERE name = 'bot:42:send'")
            }
            let send = try await house.sends.submit(try SendHouse.draft("b"), by: SendHouse.caller)
            while house.sends.budget(of: 42) != nil { try await Task.sleep(for: .milliseconds(2)) }
            let waiting = try await house.sends.send(send.id)
            #expect(waiting?.state == .pending)
            #expect(house.telegram.calls.map(\.text) == ["a"])
            try await house.database.write { transaction in
                try await transaction.execute("UPDATE leases SET expires_at = 0 WHERE name = 'bot:42:send'")
            }
            _ = try await house.wait(send.id, .sent)
        }
    }

    @Test func `what does not fit into memory waits in the database, and passes nobody by`() async throws {
        try await SendHouse.open(.sqlite, { $0.settings.waitingMax = 10 }) { house in
            house.telegram.answers { call in
                try await Task.sleep(for: .milliseconds(1))
                return FakeTelegram.message(call)
            }
            var drafts: [SendDraft] = []
            for number in 0..<200 { drafts.append(try SendHouse.draft("\(number)", to: Int64(number % 4))) }
            let stored = try await house.sends.submit(drafts, by: SendHouse.caller)
            for case .new(let send) in stored { _ = try await house.wait(send.id, .sent) }
            for chat in 0..<4 {
                let texts = house.telegram.calls.filter { $0.chat == Int64(chat) }.compactMap {
                    $0.text.flatMap { Int($0) }
                }
                #expect(texts == Array(stride(from: chat, to: 200, by: 4)))
            }
        }
    }

    @Test func `nothing is sent faster than the limits, as Telegram sees it`() async throws {
        try await SendHouse.open(
            .sqlite,
            {
                $0.settings.limits.chatBurst = 1
                $0.settings.limits.chatInterval = .milliseconds(250)
            }
        ) { house in
            var last: Send?
            for number in 0..<8 {
                last = try await house.sends.submit(try SendHouse.draft("\(number)"), by: SendHouse.caller)
            }
            _ = try await house.wait(try #require(last).id, .sent)
            let moments = house.telegram.calls.map(\.at)
            // The way to Telegram may press a little together.
            #expect(zip(moments, moments.dropFirst(4)).allSatisfy { $1 - $0 >= 600_000_000 })
        }
    }
}
