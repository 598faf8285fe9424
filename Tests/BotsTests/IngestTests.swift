import Base
import BotAPI
import HTTPServer
import Identity
import Kernel
import Simulator
import Store
import StoreTesting
import Testing
import Wire

@testable import Bots

@Suite struct IngestTests {
    @Test(arguments: Backend.allCases)
    func `an update that comes twice is in the log once, and is taken both times`(backend: Backend)
        async throws
    {
        try await BotHouse.open(backend) { house in
            let bot = try await house.registered(.webhook).bot
            let secret = try #require(house.registry.entry(bot.id)).webhookSecret.reveal()
            let json = #"{"update_id":7,"message":{"message_id":1,"date":1,"chat":{"id":5},"text":"a"}}"#
            for _ in 0..<3 { #expect(try await house.deliver(json, secret: secret) == 200) }
            #expect(try await house.texts() == ["a"])
            #expect(try await house.deliver(json, secret: nil) == 401)
            #expect(try await house.deliver(json, secret: Bytes(secret.array.dropLast())) == 401)
            #expect(try await house.deliver(json, to: "nobody", secret: secret) == 401)
            #expect(try await house.deliver(json, to: "WEATHER_BOT", secret: secret) == 200)
        }
    }

    @Test func `what the log cannot take stays with Telegram`() async throws {
        try await BotHouse.open { house in
            let bot = try await house.registered(.webhook).bot
            let secret = try #require(house.registry.entry(bot.id)).webhookSecret.reveal()
            house.log.close()
            #expect(try await house.deliver(#"{"update_id":7}"#, secret: secret) == 503)
        }
    }

    @Test(arguments: [
        "", "[]", "{", "{}", #"{"update_id":-1}"#, #"{"update_id":1,"update_id":2}"#, #"{"update_id":"1"}"#,
        #"{"update_id":1,"message":7}"#, #"{"update_id":1,"message":{"chat":{"id":1.5}}}"#,
        #"{"update_id":1,"message":{"date":99999999999999}}"#,
        #"{"update_id":1,"x":"# + String(repeating: "[", count: 10_000),
    ])
    func `what Telegram never sends is refused and leaves no trace`(json: String) async throws {
        try await BotHouse.open { house in
            let bot = try await house.registered(.webhook).bot
            let secret = try #require(house.registry.entry(bot.id)).webhookSecret.reveal()
            let status = try await house.deliver(json, secret: secret)
            #expect((400..<500).contains(status))
            // That the bot is in a group is an update too.
            let left = try await house.log.page(
                EventFilter(kinds: ["message", "unknown"]), after: .zero, limit: 10)
            #expect(left.events.isEmpty)
        }
    }

    @Test func `a webhook that leads elsewhere is set again`() async throws {
        try await BotHouse.open(.sqlite, [.upkeep]) { house in
            let made = try house.made()
            let bot = try await house.bots.register(
                Bots.Draft(token: made.token, mode: .webhook), by: .console)
            // Telegram takes a webhook once a second, and has just taken ours.
            try await until {
                try await house.ask(
                    made.token, "setWebhook", #"{"url":"http://127.0.0.1:1/thief/secret-path"}"#)["ok"]?.bool
                    == true
            }
            try await until {
                try await house.ask(made.token, "getWebhookInfo")["result"]?["url"]?.string?.hasPrefix(
                    house.base)
                    == true
            }
            try await house.write("hello", made.group, made.user)
            try await until { try await house.texts() == ["hello"] }
            // What could not be delivered to the other place may make it unreachable for a moment.
            try await until { try await house.state(bot.id) == .active }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a bot that is polled is heard, and a foreign webhook is taken away`(backend: Backend) async throws {
        try await BotHouse.open(backend, [.poller], isReachable: false) { house in
            let made = try house.made()
            _ = try await house.ask(made.token, "setWebhook", #"{"url":"http://127.0.0.1:1/x"}"#)
            let bot = try await house.bots.register(Bots.Draft(token: made.token), by: .console)
            #expect(bot.mode == .polling)
            for text in ["a", "b", "c"] { try await house.write(text, made.group, made.user) }
            try await until { try await house.texts() == ["a", "b", "c"] }
            try await until { try await house.state(bot.id) == .active }
        }
    }

    @Test func `Telegram may go away and come back, and a revoked token is seen`() async throws {
        try await BotHouse.open(.sqlite, [.poller], isReachable: false) { house in
            let (bot, group, user) = try await house.registered(.polling)
            try await house.simulator.control(
                "fault", ["kind": "status", "status": 502, "method": "getupdates"])
            try await until { try await house.state(bot.id) == .unreachable }
            try await house.write("meanwhile", group, user)
            try await house.simulator.control("clearfaults")
            try await until { try await house.texts() == ["meanwhile"] }
            try await until { try await house.state(bot.id) == .active }
            let answer = try await house.simulator.control("revoketoken", ["bot": .integer(bot.id)])
            try await until { try await house.state(bot.id) == .unauthorized }
            let token = try #require(answer["token"]?.string)
            _ = try await house.bots.replaceToken(token, of: bot.id, by: .console)
            try await house.write("again", group, user)
            try await until { try await house.texts() == ["meanwhile", "again"] }
            // An update is in the log before the state tells that it came.
            try await until { try await house.state(bot.id) == .active }
        }
    }

    @Test func `an answer to an old token says nothing of the new one`() async throws {
        try await BotHouse.open { house in
            let made = try house.made()
            let bot = try await house.bots.register(
                Bots.Draft(token: made.token, mode: .webhook), by: .console)
            let old = try #require(house.registry.token(of: bot.id))
            let answer = try await house.simulator.control("revoketoken", ["bot": .integer(bot.id)])
            _ = try await house.bots.replaceToken(
                try #require(answer["token"]?.string), of: bot.id, by: .console)
            await house.bots.hooks.note(.init(.unauthorized, "Unauthorized"), of: bot.id, old)
            #expect(try await house.state(bot.id) == .active)
            await house.bots.hooks.note(
                .init(.unauthorized, "Unauthorized"), of: bot.id,
                try #require(house.registry.token(of: bot.id)))
            #expect(try await house.state(bot.id) == .unauthorized)
        }
    }

    @Test func `a bot that changes from polling to a webhook keeps it, and loses nothing`() async throws {
        try await BotHouse.open(.sqlite, [.poller]) { house in
            let made = try house.made()
            let bot = try await house.bots.register(
                Bots.Draft(token: made.token, mode: .polling), by: .console)
            for round in 0..<6 {
                try await house.write("\(round)", made.group, made.user)
                let mode: Bot.Mode = round.isMultiple(of: 2) ? .webhook : .polling
                _ = try await house.bots.change(bot.id, Bots.Change(mode: mode), by: .console)
                try await until { try await house.texts().count == round + 1 }
            }
            #expect(Set(try await house.texts()).count == 6)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a node that stops gives its bots back at once`(backend: Backend) async throws {
        try await BotHouse.open(backend, isReachable: false) { house in
            _ = try await house.registered(.polling)
            try await house.neighbour([.poller]) { other in try await until { other.polled.count == 1 } }
            let left = try await house.database.read { transaction in
                try await Leases.heldByOthers(than: "nobody", in: transaction)
            }
            #expect(!left.contains { $0.hasPrefix("bot:") })
        }
    }

    @Test(arguments: Backend.allCases)
    func `two nodes share the bots, and one takes over what the other had`(backend: Backend) async throws {
        try await BotHouse.open(backend, [.poller], isReachable: false) { house in
            var all: [(bot: Bot, group: Int64, user: Int64)] = []
            for number in 0..<4 { all.append(try await house.registered(.polling, "bot\(number)_bot")) }
            let bots = all
            try await house.neighbour([.poller]) { other in
                try await until { house.polled.count == 2 && other.polled.count == 2 }
                for bot in bots { try await house.write("shared", bot.group, bot.user) }
                try await until { try await house.texts().count == 4 }
            }
            try await until { house.polled.count == 4 }
            for bot in bots { try await house.write("alone", bot.group, bot.user) }
            try await until { try await house.texts().count == 8 }
            #expect(try await house.texts().count { $0 == "alone" } == 4)
        }
    }
}

extension BotHouse {
    /// The bots that this node polls.
    var polled: [String] { leases.names.filter { $0.hasPrefix("bot:") && $0.hasSuffix(":poll") } }
}
