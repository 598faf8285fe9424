import Base
import HTTPServer
import Synchronization
import Testing
import Wire

@testable import Simulator

@Suite struct WebhookTests {
    private func set(
        _ house: House, _ bot: House.Bot, _ receiver: Receiver, _ more: JSONFields = [:]
    ) async throws {
        var fields = more
        fields["url"] = .string(receiver.url)
        let answer = try await house.call(bot, "setWebhook", .object(fields))
        #expect(answer.words == "Webhook was set")
    }

    @Test func `updates come as JSON with the secret, also those that waited`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("before", user, to: bot)
            try await Receiver.open(on: house.group) { receiver in
                try await set(house, bot, receiver, ["secret_token": "a_B-9"])
                try house.say("after", user, to: bot)
                try await house.wait("both") { receiver.all.count == 2 }
                #expect(receiver.texts == ["before", "after"])
                #expect(receiver.all.allSatisfy { $0.secret == "a_B-9" && $0.type == "application/json" })
                try await house.wait("nothing to be left") {
                    try await house.call(bot, "getWebhookInfo").result["pending_update_count"]?.int64 == 0
                }
                #expect(try await house.call(bot, "deleteWebhook").words == "Webhook was deleted")
                #expect(try await house.updates(bot).isEmpty)
            }
        }
    }

    @Test(
        arguments: [
            (["url": "not a url"], "Bad Request: invalid webhook URL specified"),
            (
                ["url": "http://127.0.0.1:1/x", "secret_token": "a b"],
                "Bad Request: secret token contains unallowed characters"
            ),
            (
                ["url": "http://127.0.0.1:1/x", "secret_token": .string(String(repeating: "x", count: 257))],
                "Bad Request: secret token is too long"
            ),
        ] as [(JSONValue, String)])
    func `a wrong webhook is refused`(arguments: JSONValue, words: String) async throws {
        try await House.open { house in
            let bot = try house.bot()
            #expect(try await house.call(bot, "setWebhook", arguments).words == words)
        }
    }

    @Test func `setting it again changes nothing, and the information tells of it`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            let hook: JSONValue = [
                "url": "http://127.0.0.1:1/x", "max_connections": 7, "allowed_updates": ["message"],
            ]
            #expect(try await house.call(bot, "setWebhook", hook).words == "Webhook was set")
            #expect(try await house.call(bot, "setWebhook", hook).words == "Webhook is already set")
            let info = try await house.call(bot, "getWebhookInfo").result
            #expect(info["url"]?.string == "http://127.0.0.1:1/x")
            #expect(info["max_connections"]?.int64 == 7)
            #expect(info["allowed_updates"]?[0]?.string == "message")
            #expect(try await house.call(bot, "setWebhook").words == "Webhook was deleted")
            #expect(try await house.call(bot, "deleteWebhook").words == "Webhook is already deleted")
        }
    }

    @Test func `what is refused comes again, in order, and the refusal is told`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            let answer: Receiver.Answer = { number, _ in Response(status: HTTPStatus(number < 4 ? 500 : 200))
            }
            try await Receiver.open(on: house.group, answer) { receiver in
                try await set(house, bot, receiver)
                for word in ["a", "b", "c"] { try house.say(word, user, to: bot) }
                try await house.wait("all of them") { receiver.all.count == 6 }
                #expect(receiver.texts == ["a", "a", "a", "a", "b", "c"])
                let info = try await house.call(bot, "getWebhookInfo").result
                #expect(
                    info["last_error_message"]?.string
                        == "Wrong response from the webhook: 500 Internal Server Error")
            }
        }
    }

    @Test func `a webhook that says when to come again is heeded`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            let answer: Receiver.Answer = { number, _ in
                number == 1 ? Response(status: HTTPStatus(503), fields: ["retry-after": "1"]) : Response()
            }
            try await Receiver.open(on: house.group, answer) { receiver in
                try await set(house, bot, receiver)
                let start = ContinuousClock.now
                try house.say("a", user, to: bot)
                try await house.wait("the second try") { receiver.all.count == 2 }
                #expect(ContinuousClock.now - start >= .milliseconds(990))
            }
        }
    }

    @Test func `chats do not wait for each other, and each keeps its order`() async throws {
        try await House.open { house in
            let bot = try house.bot()
            let slow = try house.user("Slow")
            let gate = Gate()
            let answer: Receiver.Answer = { _, arrival in
                if arrival.text?.hasPrefix("slow") == true { await gate.wait() }
                return Response()
            }
            try await Receiver.open(on: house.group, answer) { receiver in
                try await set(house, bot, receiver)
                try house.say("slow 1", slow, to: bot)
                try house.say("slow 2", slow, to: bot)
                let others = try (0..<5).map { try house.user("User \($0)") }
                for number in 0..<10 {
                    for user in others { try house.say("\(user) \(number)", user, to: bot) }
                }
                try await house.wait("the others") { receiver.all.count == 51 }
                gate.open()
                try await house.wait("the slow one") { receiver.all.count == 52 }
                for user in others {
                    let texts = receiver.texts.filter { $0.hasPrefix("\(user) ") }
                    #expect(texts == (0..<10).map { "\(user) \($0)" })
                }
            }
        }
    }

    @Test func `an answer that is a call is carried out`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            let answer: Receiver.Answer = { _, arrival in
                let chat = arrival.json["message"]?["chat"]?["id"] ?? .null
                let call: JSONValue = ["method": "sendMessage", "chat_id": chat, "text": "by the way"]
                return .json(Bytes(call.description))
            }
            try await Receiver.open(on: house.group, answer) { receiver in
                try await set(house, bot, receiver)
                try house.say("a", user, to: bot)
                try await house.wait("the message") {
                    let list = try await house.sim(
                        "messages", ["as": .integer(user), "chat": .integer(bot.id)])
                    return list[1]?["text"]?.string == "by the way"
                }
            }
        }
    }

    @Test func `updates are doubled and change places where a fault says so`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try await Receiver.open(on: house.group) { receiver in
                try await set(house, bot, receiver)
                try await house.sim("fault", ["kind": "duplicate", "count": 1])
                try house.say("twice", user, to: bot)
                try await house.wait("both") { receiver.all.count == 2 }
                #expect(receiver.texts == ["twice", "twice"])
                try await house.sim("fault", ["kind": "reorder", "count": 1])
                try house.say("first", user, to: bot)
                try house.say("second", user, to: bot)
                try await house.wait("two more") { receiver.all.count == 4 }
                #expect(receiver.texts.suffix(2) == ["second", "first"])
            }
        }
    }

    /// Holds whoever waits until it is opened.
    private final class Gate: Sendable {
        private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

        func wait() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }
}
