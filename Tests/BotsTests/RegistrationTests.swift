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

@Suite struct RegistrationTests {
    private func code(_ body: () async throws -> Void) async -> ErrorCode? {
        do {
            try await body()
            return nil
        } catch let error as APIError {
            return error.code
        } catch {
            return .internalError
        }
    }

    @Test(arguments: Backend.allCases)
    func `a bot is registered once, under its own name, with a token that Telegram knows`(
        backend: Backend
    ) async throws {
        try await BotHouse.open(backend) { house in
            let made = try house.made()
            for draft in [
                Bots.Draft(token: "nonsense"), Bots.Draft(token: "\(made.id):AAwrong"),
                Bots.Draft(username: "other_bot", token: made.token),
                Bots.Draft(token: made.token, displayName: "a\nb"),
            ] {
                let refused = await code { _ = try await house.bots.register(draft, by: .console) }
                #expect(refused == .validationFailed)
            }
            let bot = try await house.bots.register(
                Bots.Draft(username: "@Weather_Bot", token: made.token), by: .console)
            #expect(bot.mode == .webhook)
            #expect(bot.state == .active)
            let again = await code {
                _ = try await house.bots.register(Bots.Draft(token: made.token), by: .console)
            }
            #expect(again == .conflict)
            let info = try await house.ask(made.token, "getWebhookInfo")
            #expect(info["result"]?["url"]?.string == "\(house.base)/api/v1/telegram/webhook/weather_bot")
        }
    }

    @Test(arguments: Backend.allCases)
    func `of many who register one bot at once one does, and the others are told`(
        backend: Backend
    ) async throws {
        try await BotHouse.open(backend) { house in
            let made = try house.made()
            let codes = await withTaskGroup(of: ErrorCode?.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        await code {
                            _ = try await house.bots.register(Bots.Draft(token: made.token), by: .console)
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count { $0 == nil } == 1)
            #expect(codes.count { $0 == .conflict } == 4)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a name that another bot has here is refused, also with a new token`(backend: Backend) async throws {
        try await BotHouse.open(backend, isReachable: false) { house in
            let first = try await house.registered(.polling, "first_bot").bot
            let second = try house.made("second_bot")
            // As if Telegram had given the first one's name to the second.
            try await house.database.write {
                try await $0.execute(
                    "UPDATE bots SET username = 'second_bot', username_lower = 'second_bot' WHERE id = $1",
                    [.integer(first.id)])
            }
            let taken = await code {
                _ = try await house.bots.register(Bots.Draft(token: second.token), by: .console)
            }
            #expect(taken == .conflict)
            try await house.database.write {
                try await $0.execute(
                    "UPDATE bots SET username = 'x', username_lower = 'x' WHERE id = $1", [.integer(first.id)]
                )
            }
            _ = try await house.bots.register(Bots.Draft(token: second.token), by: .console)
            try await house.database.write {
                try await $0.execute(
                    "UPDATE bots SET username = 'y', username_lower = 'y' WHERE id = $1",
                    [.integer(second.id)])
                try await $0.execute(
                    "UPDATE bots SET username = 'second_bot', username_lower = 'second_bot' WHERE id = $1",
                    [.integer(first.id)])
            }
            let rotated = await code {
                _ = try await house.bots.replaceToken(second.token, of: second.id, by: .console)
            }
            #expect(rotated == .conflict)
        }
    }

    @Test func `a new token brings a bot back whose old one was revoked`() async throws {
        try await BotHouse.open(.sqlite, [.upkeep]) { house in
            let (bot, group, user) = try await house.registered(.webhook)
            let revoked = try await house.simulator.control("revoketoken", ["bot": .integer(bot.id)])
            try await until { try await house.state(bot.id) == .unauthorized }
            try await until { house.registry.trouble?.contains("weather_bot") == true }
            let token = try #require(revoked["token"]?.string)
            let other = try house.made("other_bot")
            let wrong = await code {
                _ = try await house.bots.replaceToken(other.token, of: bot.id, by: .console)
            }
            #expect(wrong == .validationFailed)
            #expect(try await house.bots.replaceToken(token, of: bot.id, by: .console).state == .active)
            try await house.write("hello", group, user)
            try await until { try await house.texts() == ["hello"] }
            try await until { house.registry.trouble == nil }
        }
    }

    @Test func `what Telegram says of an old token does not count for the new one`() async throws {
        try await BotHouse.open { house in
            let made = try house.made()
            let bot = try await house.bots.register(Bots.Draft(token: made.token), by: .console)
            let old = try #require(house.registry.token(of: bot.id))
            let revoked = try await house.simulator.control("revoketoken", ["bot": .integer(bot.id)])
            let token = try #require(revoked["token"]?.string)
            _ = try await house.bots.replaceToken(token, of: bot.id, by: .console)
            await house.bots.states.mark(bot.id, .unauthorized, "revoked", as: old)
            #expect(try await house.state(bot.id) == .active)
            let new = try #require(house.registry.token(of: bot.id))
            await house.bots.states.mark(bot.id, .unauthorized, "revoked", as: new)
            #expect(try await house.state(bot.id) == .unauthorized)
        }
    }

    @Test func `a paused bot takes nothing, and what came meanwhile comes when it goes on`() async throws {
        try await BotHouse.open(.sqlite, [.upkeep]) { house in
            let (bot, group, user) = try await house.registered(.webhook)
            _ = try await house.bots.change(bot.id, Bots.Change(isPaused: true), by: .console)
            try await house.write("hello", group, user)
            let secret = try #require(house.registry.entry(bot.id)).webhookSecret.reveal()
            #expect(try await house.deliver(#"{"update_id":1}"#, secret: secret) == 503)
            #expect(try await house.texts() == [])
            _ = try await house.bots.change(bot.id, Bots.Change(isPaused: false), by: .console)
            try await until { try await house.texts() == ["hello"] }
        }
    }

    @Test func `a bot that is forgotten has no webhook, and its secret opens nothing`() async throws {
        try await BotHouse.open { house in
            let made = try house.made()
            let bot = try await house.bots.register(Bots.Draft(token: made.token), by: .console)
            let secret = try #require(house.registry.entry(bot.id)).webhookSecret.reveal()
            try await house.bots.delete(bot.id, by: .console)
            #expect(try await house.ask(made.token, "getWebhookInfo")["result"]?["url"]?.string == "")
            #expect(try await house.deliver(#"{"update_id":1}"#, secret: secret) == 401)
            let gone = await code { try await house.bots.delete(bot.id, by: .console) }
            #expect(gone == .notFound)
        }
    }
}
