import Base
import HTTPClient
import Testing
import Wire

@testable import Simulator

@Suite struct LimitTests {
    private func send(_ house: House, _ bot: House.Bot, _ chat: Int64) async throws -> House.Answer {
        try await house.call(bot, "sendMessage", ["chat_id": .integer(chat), "text": "x"])
    }

    @Test func `a chat takes a short burst, then one a second`() async throws {
        try await House.open({ $0.rates.areEnforced = true }) { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            for _ in 0..<4 { #expect(try await send(house, bot, user).status == 200) }
            let refused = try await send(house, bot, user)
            #expect(refused.status == 429)
            #expect(refused.words == "Too Many Requests: retry after 1")
            #expect(refused.json["parameters"]?["retry_after"]?.int64 == 1)
            #expect(refused.fields["retry-after"] == "1")
            house.clock.advance(by: .milliseconds(500))
            #expect(try await send(house, bot, user).status == 429)
            house.clock.advance(by: .milliseconds(500))
            #expect(try await send(house, bot, user).status == 200)
            let bots = try await house.sim("statistics")["bots"]
            let counts = bots?[String(bot.id)]
            #expect(counts?["accepted"]?.int64 == 5)
            #expect(counts?["refused"]?.int64 == 2)
            #expect(counts?["beyond_limit"]?.int64 == 1)
            #expect(counts?["during_retry_after"]?.int64 == 1)
            #expect(counts?["overruns"]?.int64 == 2)
        }
    }

    @Test func `a bot has a limit over all chats`() async throws {
        try await House.open({ $0.rates.areEnforced = true }) { house in
            let bot = try house.bot()
            let users = try (0..<34).map { try house.user("User \($0)") }
            for user in users { try house.say("/start", user, to: bot) }
            var statuses: [Int] = []
            for user in users { statuses.append(try await send(house, bot, user).status) }
            #expect(statuses == Array(repeating: 200, count: 33) + [429])
        }
    }

    @Test func `a client that keeps exactly to the published limits is never refused`() async throws {
        try await House.open({ $0.rates.areEnforced = true }) { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            let group = try house.chat(.supergroup, by: user, [bot.id])
            for number in 0..<60 {
                #expect(try await send(house, bot, user).status == 200)
                if number.isMultiple(of: 3) { #expect(try await send(house, bot, group).status == 200) }
                house.clock.advance(by: .seconds(1))
            }
            #expect(try await house.sim("statistics")["overruns"]?.int64 == 0)
        }
    }

    @Test func `a group takes twenty a minute`() async throws {
        try await House.open({ $0.rates.areEnforced = true }) { house in
            let (bot, user) = (try house.bot(), try house.user())
            let group = try house.chat(.group, by: user, [bot.id])
            var accepted = 0
            for _ in 0..<60 {
                if try await send(house, bot, group).status == 200 { accepted += 1 }
                house.clock.advance(by: .milliseconds(500))
            }
            // The burst and what comes back in half a minute.
            #expect((28...31).contains(accepted))
        }
    }

    @Test func `a fault has a bot wait, and counts what comes meanwhile`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            try await house.sim(
                "fault", ["kind": "429", "retry_after": 3, "method": "sendMessage", "count": 1])
            #expect(try await send(house, bot, user).json["parameters"]?["retry_after"]?.int64 == 3)
            house.clock.advance(by: .seconds(1))
            #expect(try await send(house, bot, user).json["parameters"]?["retry_after"]?.int64 == 2)
            house.clock.advance(by: .seconds(2))
            #expect(try await send(house, bot, user).status == 200)
            #expect(try await house.sim("statistics")["overruns"]?.int64 == 1)
        }
    }

    @Test func `faults come before the call or after it`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            func count() async throws -> Int64? { try await house.sim("statistics")["sends"]?.int64 }
            try await house.sim(
                "fault", ["kind": "status", "status": 502, "description": "Bad Gateway", "count": 1])
            let before = try await send(house, bot, user)
            #expect(before.status == 502)
            #expect(before.words == "Bad Gateway")
            #expect(try await count() == 0)
            try await house.sim("fault", ["kind": "status", "when": "after", "count": 1])
            #expect(try await send(house, bot, user).status == 500)
            #expect(try await count() == 1)
            try await house.sim("fault", ["kind": "cut", "when": "after", "count": 1])
            await #expect(throws: HTTPClientError.self) { try await send(house, bot, user) }
            #expect(try await count() == 2)
            #expect(try await send(house, bot, user).status == 200)
        }
    }

    @Test func `a fault hits the share of calls that it says, the same in each run`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            try await house.sim("fault", ["kind": "status", "percent": 30])
            var failed: [Int] = []
            for number in 0..<200 where try await house.call(bot, "getMe").status == 500 {
                failed.append(number)
            }
            #expect((40...80).contains(failed.count))
            try await house.sim("reset")
            let again = try house.bot()
            try await house.sim("fault", ["kind": "status", "percent": 30])
            var same: [Int] = []
            for number in 0..<200 where try await house.call(again, "getMe").status == 500 {
                same.append(number)
            }
            #expect(same == failed)
        }
    }

    @Test func `a fault has a beginning and an end`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            try await house.sim("fault", ["kind": "status", "start_ms": 1000, "for_ms": 1000])
            var statuses: [Int] = []
            for _ in 0..<3 {
                statuses.append(try await house.call(bot, "getMe").status)
                house.clock.advance(by: .seconds(1))
            }
            #expect(statuses == [200, 500, 200])
        }
    }
}
