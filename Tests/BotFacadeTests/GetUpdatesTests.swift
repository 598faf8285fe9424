import Base
import Bots
import Bus
import Identity
import Kernel
import Store
import StoreTesting
import Testing
import Wire

@testable import BotFacade

@Suite struct GetUpdatesTests {
    /// A token whose cursor is at the log's beginning.
    private func reader(_ house: FacadeHouse, _ targets: [String]? = nil) async throws -> String {
        let token = try await house.token(targets)
        #expect(try await house.call(token.text, "getUpdates").status == 200)
        return token.text
    }

    @Test(arguments: Backend.allCases)
    func `each program has an offset of its own`(backend: Backend) async throws {
        try await FacadeHouse.open(backend) { house in
            let (one, two) = (try await reader(house), try await reader(house))
            for text in ["a", "b", "c"] { try await house.receive(text) }
            let first = try await house.call(one, "getUpdates?limit=2")
            #expect(first.texts == ["a", "b"])
            // What is not confirmed comes again.
            #expect(try await house.call(one, "getupdates").texts == ["a", "b", "c"])
            let last = try #require(first.numbers.last)
            #expect(try await house.call(one, "getUpdates?offset=\(last + 1)").texts == ["c"])
            // What is confirmed does not come again, also to a smaller offset.
            #expect(try await house.call(one, "getUpdates?offset=1").texts == ["c"])
            #expect(try await house.call(two, "getUpdates").texts == ["a", "b", "c"])
            #expect(try await house.call(one, "getUpdates?offset=9223372036854775807").texts == [])
            try await house.receive("d")
            #expect(try await house.call(one, "getUpdates").texts == ["d"])
        }
    }

    @Test func `a program that begins to poll on another node ends the poll here, and not that of others`()
        async throws
    {
        let bus = InProcessBus()
        let (here, there) = (ActivePolls(bus), ActivePolls(bus))
        let (poll, other) = (here.begin("a program"), here.begin("another"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await here.listen() }
            // What comes before it listens is lost to it.
            let probe = here.begin("a probe")
            try await until {
                _ = there.begin("a probe")
                return probe.isSuperseded
            }
            _ = there.begin("a program")
            try await until { poll.isSuperseded }
            // Its own messages are none of others.
            let again = here.begin("a program")
            #expect(!again.isSuperseded && !other.isSuperseded)
            group.cancelAll()
        }
    }

    @Test(arguments: Backend.allCases)
    func `what another node has taken in can be confirmed before this one is told of it`(backend: Backend)
        async throws
    {
        try await FacadeHouse.open(backend) { house in
            let token = try await reader(house)
            let other = try await EventLog(house.database)
            for number in 1...3 {
                try await house.receive(json: #"{"update_id":\#(number),"poll":{"id":"1"}}"#, by: other)
            }
            let all = try await house.call(token, "getUpdates")
            #expect(all.numbers.count == 3)
            let second = all.numbers[1]
            #expect(
                try await house.call(token, "getUpdates?offset=\(second + 1)").numbers == [all.numbers[2]])
            #expect(try await house.call(token, "getUpdates?offset=\(all.numbers[2] + 1)").numbers == [])
            #expect(try await house.call(token, "getUpdates?offset=9223372036854775807").numbers == [])
            try await house.receive(json: #"{"update_id":4,"poll":{"id":"1"}}"#, by: other)
            #expect(try await house.call(token, "getUpdates").numbers.count == 1)
            other.close()
        }
    }

    @Test(arguments: Backend.allCases)
    func `a negative offset counts what the key may see`(backend: Backend) async throws {
        try await FacadeHouse.open(backend) { house in
            let whole = try await reader(house)
            let narrow = try await reader(house, ["chat:5"])
            for text in ["a", "b", "c"] { try await house.receive(text, chat: 5) }
            for text in ["x", "y", "z"] { try await house.receive(text, chat: 6) }
            #expect(try await house.call(narrow, "getUpdates?offset=-2").texts == ["b", "c"])
            #expect(try await house.call(narrow, "getUpdates").texts == ["b", "c"])
            #expect(
                try await house.call(narrow, "getUpdates?offset=-9223372036854775808").texts == ["b", "c"])
            #expect(try await house.call(whole, "getUpdates?offset=-1").texts == ["z"])
        }
    }

    @Test func `kinds that were asked for stay until others are`() async throws {
        try await FacadeHouse.open { house in
            let token = try await reader(house)
            try await house.receive(json: #"{"update_id":1,"poll":{"id":"1"}}"#)
            try await house.receive("a")
            try await house.receive(
                json:
                    #"{"update_id":3,"chat_member":{"chat":{"id":5},"from":{"id":7},"date":1}}"#)
            #expect(try await house.call(token, "getUpdates").numbers.count == 2)
            let only = try await house.call(token, "getUpdates", #"{"allowed_updates":["chat_member"]}"#)
            #expect(only.result[0]?["chat_member"] != nil)
            #expect(only.numbers.count == 1)
            #expect(try await house.call(token, "getUpdates").numbers.count == 1)
            #expect(try await house.call(token, "getUpdates", #"{"allowed_updates":[]}"#).numbers.count == 2)
        }
    }

    @Test func `updates whose content is gone stand in nobody's way`() async throws {
        try await FacadeHouse.open { house in
            let token = try await reader(house)
            for number in 0..<250 {
                _ = try await house.log.append([
                    EventDraft(source: house.bot.source, kind: "message", key: "gone \(number)", chat: 5)
                ])
            }
            try await house.receive("after")
            #expect(try await house.call(token, "getUpdates?timeout=50").texts == ["after"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a program that was away for longer than the log goes back goes on with what there is`(
        backend: Backend
    ) async throws {
        try await FacadeHouse.open(backend) { house in
            let token = try await reader(house)
            for text in ["a", "b"] { try await house.receive(text) }
            let later = ManualClock(Clocks.system.now + .seconds(90_000))
            let retention = Retention(house.database, clocks: later.clocks)
            try await retention.set(RetentionPolicy(keptFor: .seconds(80_000)), for: house.bot.source.text)
            #expect(try await retention.sweep().deleted >= 2)
            try await house.receive("c")
            let info = try await house.call(token, "getWebhookInfo")
            #expect(info.status == 200 && info.result["pending_update_count"]?.int64 == 1)
            #expect(try await house.call(token, "getUpdates?timeout=50").texts == ["c"])
        }
    }

    @Test func `of two that wait with one key the later one is told, and a webhook ends the wait`()
        async throws
    {
        try await FacadeHouse.open { house in
            let token = try await reader(house)
            async let first = house.call(token, "getUpdates?timeout=50")
            try await until { house.facade.polls.count == 1 }
            async let second = house.call(token, "getUpdates?timeout=50")
            let refused = try await first
            #expect(refused.status == 409)
            #expect(refused.words.contains("terminated by other getUpdates request"))
            try await house.receive("a")
            #expect(try await second.texts == ["a"])
            let last = try await house.call(token, "getUpdates?offset=-1")
            async let third = house.call(
                token, "getUpdates?timeout=50&offset=\((last.numbers.last ?? 0) + 1)")
            try await until { house.facade.polls.count == 1 }
            #expect(
                try await house.call(token, "setWebhook", #"{"url":"http://127.0.0.1:1/hook"}"#).status == 200
            )
            #expect(try await third.status == 409)
            let conflict = try await house.call(token, "getUpdates")
            #expect(conflict.status == 409)
            #expect(conflict.words.contains("webhook is active"))
            #expect(try await house.call(token, "deleteWebhook").words == "Webhook was deleted")
            #expect(try await house.call(token, "getUpdates").status == 200)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the kinds of a poll undo no webhook that was set meanwhile`(backend: Backend) async throws {
        try await FacadeHouse.open(backend) { house in
            let token = try await house.token()
            let programs = house.facade.programs
            // As the poll has read it, before the webhook is set.
            let stale = try await programs.program(token.id, house.bot.id)
            #expect(try await programs.setAllowed(["message"], of: stale))
            let hook = #"{"url":"http://127.0.0.1:1/hook","secret_token":"s"}"#
            #expect(try await house.call(token.text, "setWebhook", Bytes(hook)).status == 200)
            #expect(try await !programs.setAllowed(["poll"], of: stale))
            let now = try await programs.program(token.id, house.bot.id)
            #expect(now.url == "http://127.0.0.1:1/hook" && now.sealedSecret != nil)
            #expect(now.allowedUpdates == ["message"])
        }
    }

    @Test func `a key that is revoked during a wait gets nothing`() async throws {
        try await FacadeHouse.open { house in
            let token = try await house.token()
            #expect(try await house.call(token.text, "getUpdates").status == 200)
            async let waiting = house.call(token.text, "getUpdates?timeout=50")
            try await until { house.facade.polls.count == 1 }
            try await house.identity.keys.revoke(token.id, by: .console)
            try await house.receive("secret")
            let answer = try await waiting
            #expect(answer.status == 401)
            #expect(answer.texts == [])
        }
    }
}
