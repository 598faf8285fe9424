import Base
import Testing
import Wire

@testable import Simulator

@Suite struct UpdateTests {
    @Test func `an offset confirms what is before it`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            for word in ["a", "b", "c"] { try house.say(word, user, to: bot) }
            let all = try await house.updates(bot)
            let ids = all.compactMap { $0["update_id"]?.int64 }
            #expect(all.map { $0["message"]?["text"]?.string } == ["a", "b", "c"])
            #expect(ids == Array(ids[0]...ids[0] + 2))
            #expect(try await house.updates(bot, ["limit": 1]).count == 1)
            #expect(try await house.updates(bot, ["offset": .integer(ids[1])]).count == 2)
            #expect(try await house.updates(bot).count == 2)
            #expect(try await house.updates(bot, ["offset": .integer(ids[2] + 1)]).isEmpty)
        }
    }

    @Test func `a negative offset counts from the end, and forgets the rest`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            for word in ["a", "b", "c"] { try house.say(word, user, to: bot) }
            let last = try await house.updates(bot, ["offset": -1])
            #expect(last.map { $0["message"]?["text"]?.string } == ["c"])
            #expect(try await house.updates(bot).count == 1)
        }
    }

    @Test func `updates are forgotten after a day`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("old", user, to: bot)
            house.clock.advance(by: .seconds(86_399))
            try house.say("new", user, to: bot)
            #expect(try await house.updates(bot).count == 2)
            house.clock.advance(by: .seconds(2))
            #expect(try await house.updates(bot).map { $0["message"]?["text"]?.string } == ["new"])
        }
    }

    @Test func `a long poll ends with the first update`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            async let updates = house.updates(bot, ["timeout": 50])
            try await house.wait("the poll") { house.simulator.core.apply { $0.bots[bot.id]?.poller != nil } }
            try house.say("here", user, to: bot)
            #expect(try await updates.first?["message"]?["text"]?.string == "here")
        }
    }

    @Test func `a second poll ends the first one with 409`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            async let first = house.call(bot, "getUpdates", ["timeout": 50])
            try await house.wait("the poll") { house.simulator.core.apply { $0.bots[bot.id]?.poller != nil } }
            let second = try await house.call(bot, "getUpdates")
            #expect(second.status == 200)
            let ended = try await first
            #expect(ended.status == 409)
            #expect(
                ended.words
                    == "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
            )
        }
    }

    @Test func `a webhook ends polls, and forbids them while it is set`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            async let first = house.call(bot, "getUpdates", ["timeout": 50])
            try await house.wait("the poll") { house.simulator.core.apply { $0.bots[bot.id]?.poller != nil } }
            _ = try await house.call(bot, "setWebhook", ["url": "http://127.0.0.1:9/x"])
            #expect(try await first.words == "Conflict: terminated by setWebhook request")
            let refused = try await house.call(bot, "getUpdates")
            #expect(refused.status == 409)
            #expect(
                refused.words?.hasPrefix("Conflict: can't use getUpdates method while webhook is active")
                    == true)
            #expect(try await house.call(bot, "deleteWebhook").words == "Webhook was deleted")
            #expect(try await house.call(bot, "getUpdates").status == 200)
        }
    }

    @Test func `only kinds that are asked for come, and the choice stays`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            _ = try await house.updates(bot, ["allowed_updates": ["edited_message"]])
            let message = try house.say("teh", user, to: bot)
            try house.simulator.act {
                try $0.edit(message, by: user) { $0.content = .text(StyledText("the")) }
            }
            let updates = try await house.updates(bot)
            #expect(updates.map { $0["edited_message"]?["text"]?.string } == ["the"])
            _ = try await house.updates(bot, ["allowed_updates": []])
            try house.say("more", user, to: bot)
            #expect(try await house.updates(bot).count == 2)
        }
    }

    @Test func `a simulator that starts later numbers its updates higher`() async throws {
        let numbers = Numbers()
        for start: Int64 in [1_767_323_045_006, 1_767_323_045_100] {
            try await House.open({ $0.clocks = ManualClock(Timestamp(milliseconds: start)).clocks }) {
                house in
                let (bot, user) = (try house.bot(), try house.user())
                for _ in 0..<50 { try house.say("a", user, to: bot) }
                for update in try await house.updates(bot) {
                    await numbers.add(update["update_id"]?.int64 ?? 0)
                }
            }
        }
        let all = await numbers.all
        #expect(all.count == 100)
        #expect(all == all.sorted())
        #expect(Set(all).count == 100)
    }

    private actor Numbers {
        var all: [Int64] = []
        func add(_ number: Int64) { all.append(number) }
    }

    @Test func `an update of any kind can be put in`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            let made = try await house.sim(
                "update", ["bot": .integer(bot.id), "kind": "tea_break", "value": ["minutes": 5]])
            let update = try #require(try await house.updates(bot).first)
            #expect(update["update_id"] == made["update_id"])
            #expect(update["tea_break"]?["minutes"]?.int64 == 5)
            try await house.sim("update", ["bot": .integer(bot.id), "raw": "{\"update_id\":7"])
            await #expect(throws: JSONError.self) { try await house.updates(bot) }
        }
    }

    @Test func `nothing is doubled after a reset`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            for _ in 0..<10 { try house.say("a", user, to: bot) }
            let last = try await house.updates(bot).last?["update_id"]?.int64 ?? .max
            try await house.sim("reset")
            let (again, same) = (try house.bot(), try house.user())
            try house.say("b", same, to: again)
            #expect(try await house.updates(again).first?["update_id"]?.int64 ?? 0 > last)
        }
    }

    @Test func `in a group a bot with privacy hears only what is meant for it`() async throws {
        try await House.open { house in
            let (owner, bot) = (try house.user(), try house.bot("shy_bot", readsAll: false))
            let group = try house.chat(.group, by: owner, [bot.id])
            for text in ["hello", "/start", "/start@other_bot", "/start@shy_bot", "hey @shy_bot"] {
                try house.say(text, owner, in: group)
            }
            let texts = try await house.updates(bot).compactMap { $0["message"]?["text"]?.string }
            #expect(texts == ["/start", "/start@shy_bot", "hey @shy_bot"])
        }
    }
}
