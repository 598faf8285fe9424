import Base
import Testing
import Wire

@testable import Simulator

@Suite struct BotDoorTests {
    @Test func `methods are found whatever their case, by GET and POST`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            for path in ["getMe", "GETME", "getme", "test/getMe"] {
                let answer = try await house.send("/bot\(bot.token)/\(path)")
                #expect(answer.status == 200)
                #expect(answer.result["id"]?.int64 == bot.id)
                #expect(answer.result["is_bot"]?.bool == true)
            }
            #expect(try await house.call(bot, "getMe").result["username"]?.string == "a_bot")
        }
    }

    @Test func `arguments come in every form`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            let path = "/bot\(bot.token)/sendMessage"
            var form = MultipartWriter(random: 1, 2)
            form.append("chat_id", "\(user)")
            form.append("text", "a + ä")
            let type = form.contentType
            let answers = [
                try await house.send(path + "?chat_id=\(user)&text=a+%2B+%C3%A4"),
                try await house.send(
                    path, Bytes("chat_id=\(user)&text=a+%2B+%C3%A4"),
                    type: "application/x-www-form-urlencoded"),
                try await house.send(path, Bytes("{\"chat_id\":\(user),\"text\":\"a + ä\"}")),
                try await house.send(path, Bytes("{\"chat_id\":\"\(user)\",\"text\":\"a + ä\"}")),
                try await house.send(path, form.finish(), type: type),
            ]
            for answer in answers {
                #expect(answer.status == 200)
                #expect(answer.result["text"]?.string == "a + ä")
                #expect(answer.result["chat"]?["id"]?.int64 == user)
            }
        }
    }

    @Test(arguments: [
        ("/bot1:abc/getMe", 401, "Unauthorized"),
        ("/bot0:abc/getMe", 401, "Unauthorized: invalid token specified"),
        ("/botabc/getMe", 401, "Unauthorized: invalid token specified"), ("/getMe", 404, "Not Found"),
        ("/", 404, "Not Found"), ("/cat1:a/getMe", 404, "Not Found"),
        ("/file/bot1:abc/x", 401, "Unauthorized"),
    ])
    func `a wrong path or token is refused in Telegram's words`(
        path: String, status: Int, words: String
    ) async throws {
        try await House.open { house in
            let answer = try await house.send(path)
            #expect(answer.status == status)
            #expect(answer.json["error_code"]?.int64 == Int64(status))
            #expect(answer.json["ok"]?.bool == false)
            #expect(answer.words == words)
        }
    }

    @Test func `a method that is not there is 404, and a revoked token 401`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            #expect(try await house.call(bot, "flyToTheMoon").words == "Not Found: method not found")
            try await house.sim("revokeToken", ["bot": .integer(bot.id)])
            #expect(try await house.call(bot, "getMe").status == 401)
        }
    }

    @Test func `whoever cannot be written to is named`() async throws {
        try await House.open { house in
            let (bot, user, stranger) = (try house.bot(), try house.user(), try house.user("Eve"))
            func words(_ chat: Int64) async throws -> String? {
                let answer = try await house.call(
                    bot, "sendMessage", ["chat_id": .integer(chat), "text": "x"])
                #expect(answer.status == (answer.words?.hasPrefix("Forbidden") == true ? 403 : 400))
                return answer.words
            }
            try house.say("/start", user, to: bot)
            #expect(try await words(42) == "Bad Request: chat not found")
            #expect(try await words(stranger) == "Forbidden: bot can't initiate conversation with a user")
            try await house.sim("block", ["user": .integer(user), "bot": .integer(bot.id)])
            #expect(try await words(user) == "Forbidden: bot was blocked by the user")
            try await house.sim("unblock", ["user": .integer(user), "bot": .integer(bot.id)])
            try await house.sim("deactivate", ["user": .integer(user)])
            #expect(try await words(user) == "Forbidden: user is deactivated")
            let group = try house.chat(.supergroup, by: stranger, [])
            #expect(try await words(group) == "Forbidden: bot is not a member of the supergroup chat")
            try house.simulator.act { try $0.join(bot.id, .chat(group), by: stranger) }
            try house.simulator.act { try $0.leave(bot.id, .chat(group), by: stranger, banned: true) }
            #expect(try await words(group) == "Forbidden: bot was kicked from the supergroup chat")
        }
    }

    @Test func `texts have limits`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            func words(_ text: String) async throws -> String? {
                try await house.call(
                    bot, "sendMessage", ["chat_id": .integer(user), "text": .string(text)]
                ).words
            }
            #expect(try await words("") == "Bad Request: text must be non-empty")
            #expect(try await words("  \n ") == "Bad Request: text must be non-empty")
            #expect(
                try await words(String(repeating: "x", count: 4097)) == "Bad Request: message is too long")
            #expect(try await words(String(repeating: "x", count: 4096)) == nil)
        }
    }

    @Test func `an edit that changes nothing is refused, and one of another's message too`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            let theirs = try house.say("/start", user, to: bot)
            let sent = try await house.call(bot, "sendMessage", ["chat_id": .integer(user), "text": "one"])
            let id = sent.result["message_id"] ?? .null
            func edit(_ id: JSONValue, _ text: String) async throws -> House.Answer {
                try await house.call(
                    bot, "editMessageText",
                    ["chat_id": .integer(user), "message_id": id, "text": .string(text)])
            }
            #expect(
                try await edit(id, "one").words?.hasPrefix("Bad Request: message is not modified") == true)
            let edited = try await edit(id, "two").result
            #expect(edited["text"]?.string == "two")
            #expect(edited["edit_date"] != nil)
            let other = JSONValue.integer(Int64(theirs.id(seenBy: bot.id)))
            #expect(try await edit(other, "x").words == "Bad Request: message can't be edited")
            #expect(try await edit(99, "x").words == "Bad Request: message to edit not found")
        }
    }

    @Test func `a bot that asks for it hears of buttons, reactions and answers to polls`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            _ = try await house.call(
                bot, "getUpdates",
                ["allowed_updates": ["message", "callback_query", "message_reaction", "poll_answer"]])
            let keyboard: JSONValue = ["inline_keyboard": [[["text": "Go", "callback_data": "go"]]]]
            let sent = try await house.call(
                bot, "sendMessage", ["chat_id": .integer(user), "text": "?", "reply_markup": keyboard])
            let poll = try await house.call(
                bot, "sendPoll",
                [
                    "chat_id": .integer(user), "question": "Which?", "options": ["a", "b"],
                    "is_anonymous": false,
                ])
            #expect(poll.result["poll"]?["total_voter_count"]?.int64 == 0)
            let base: JSONFields = ["user": .integer(user), "chat": .integer(bot.id)]
            func with(_ answer: House.Answer, _ name: String, _ value: JSONValue) -> JSONValue {
                var fields = base
                fields["message_id"] = answer.result["message_id"]
                fields[name] = value
                return .object(fields)
            }
            try await house.sim("press", with(sent, "text", "Go"))
            try await house.sim("react", with(sent, "emoji", "👍"))
            try await house.sim("vote", with(poll, "options", [1]))
            let updates = try await house.updates(bot)
            #expect(updates[1]["callback_query"]?["data"]?.string == "go")
            #expect(updates[2]["message_reaction"]?["new_reaction"]?[0]?["emoji"]?.string == "👍")
            #expect(updates[3]["poll_answer"]?["option_ids"]?[0]?.int64 == 1)
        }
    }

    @Test func `what strangers send ends in a refusal, never in a crash`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            let deep = String(repeating: "[", count: 10_000)
            let values = [
                "1e999", "-9223372036854775808", "18446744073709551615", "null", "[]", "{}", "\"\"", "true",
                "\"nan\"", "\"inf\"", deep, "\"\\u0000\"", "[[[{}]]]", "\"@\"",
            ]
            let names = [
                "chat_id", "text", "message_id", "offset", "limit", "timeout", "reply_markup", "media",
                "message_ids", "latitude", "longitude", "options", "entities", "photo", "file_id", "user_id",
                "url", "max_connections", "duration", "rate", "count", "seconds", "steps", "bot_burst",
                "kind",
            ]
            let methods =
                ["sendMessage", "sendPhoto", "sendMediaGroup", "sendPoll", "sendLocation", "copyMessages"]
                + ["editMessageText", "deleteMessages", "getFile", "setWebhook", "setMessageReaction"]
            for value in values {
                for method in methods {
                    for name in names {
                        let others = name == "chat_id" ? "" : "\"chat_id\":\(user),"
                        let body = Bytes("{\(others)\"\(name)\":\(value)}")
                        let answer = try await house.send("/bot\(bot.token)/\(method)", body)
                        #expect(answer.status < 500)
                    }
                }
                for action in ["traffic", "script", "limits", "fault", "send", "messages", "createChat"] {
                    for name in names {
                        let answer = try await house.send("/sim/\(action)", Bytes("{\"\(name)\":\(value)}"))
                        #expect(answer.status < 500)
                    }
                }
            }
            #expect(try await house.call(bot, "getMe").status == 200)
        }
    }
}
