import Base
import HTTPServer
import Testing
import Wire

@testable import Sending

@Suite struct SendRoutesTests {
    private func open(_ body: (SendDoor) async throws -> Void) async throws {
        try await SendDoor.open { try await body($0) }
    }

    @Test(arguments: ["/api/v1/chats/5/messages", "/api/v1/messages/send/5"])
    func `a text is taken in, and can be looked up`(path: String) async throws {
        try await open { door in
            let answer = try await door.send(
                .post, path, #"{"text":"hi","parse_mode":"HTML","replyToMessageId":9}"#)
            #expect(answer.status == 202)
            let send = try #require(answer.json["data"]?["send"])
            let id = try #require(send["id"]?.string)
            #expect(send["statusUrl"]?.string == "/api/v1/sends/\(id)")
            _ = try await door.house.wait(try #require(Int64(id)), .sent)
            let looked = try await door.send(.get, "/api/v1/sends/\(id)")
            #expect(looked.json["data"]?["send"]?["state"]?.string == "SENT")
            #expect(looked.json["data"]?["result"]?["text"]?.string == "hi")
            #expect(
                door.house.telegram.calls.first?.body
                    == #"{"chat_id":5,"text":"hi","parse_mode":"HTML","reply_parameters":{"message_id":9}}"#)
        }
    }

    @Test func `whoever waits is answered with the message`() async throws {
        try await open { door in
            let answer = try await door.send(
                .post, "/api/v1/chats/5/messages", #"{"photo":"AgAC","caption":"look","wait":"sent"}"#)
            #expect(answer.status == 200)
            #expect(answer.json["data"]?["send"]?["state"]?.string == "SENT")
            #expect(answer.json["data"]?["result"]?["message_id"]?.int64 == 1)
            #expect(door.house.telegram.calls.first?.method == "sendPhoto")
        }
    }

    @Test func `a wait ends, and the send goes on`() async throws {
        try await open { door in
            let gate = AsyncStream.makeStream(of: Void.self)
            door.house.telegram.answers { call in
                for await _ in gate.stream {}
                return FakeTelegram.message(call)
            }
            let answer = try await door.send(
                .post, "/api/v1/chats/5/messages", #"{"text":"x","wait":"sent","waitSeconds":0}"#)
            #expect(answer.status == 202)
            gate.continuation.finish()
            let id = try #require(answer.json["data"]?["send"]?["id"]?.string.flatMap { Int64($0) })
            _ = try await door.house.wait(id, .sent)
        }
    }

    @Test func `any method that sends is taken, in the chat of the path alone`() async throws {
        try await open { door in
            let answer = try await door.send(
                .post, "/api/v1/chats/5/messages",
                #"{"method":"sendDice","params":{"emoji":"x","chat_id":6,"chat\u005fid":7,"inline_message_id":"i"},"wait":"sent"}"#
            )
            #expect(answer.status == 200)
            #expect(door.house.telegram.calls.first?.body == #"{"chat_id":5,"emoji":"x"}"#)
            let other = try await door.send(
                .post, "/api/v1/chats/5/messages", #"{"method":"getUpdates","params":{}}"#)
            #expect(other.status == 422)
        }
    }

    @Test(arguments: [
        #"{"method":"copyMessage","params":{"from_chat_id":6,"message_id":1}}"#,
        #"{"method":"copyMessage","params":{"from_chat_id":5,"from_chat_id":6,"message_id":1}}"#,
        #"{"method":"forwardMessage","params":{"from_chat_id":"6","message_id":1}}"#,
        #"{"method":"sendMessage","params":{"text":"q","reply_parameters":{"message_id":1,"chat_id":6}}}"#,
        #"{"method":"sendMessage","params":{"text":"q","reply_parameters":"{\"message_id\":1,\"chat_id\":6}"}}"#,
    ])
    func `nothing is taken from a chat that one may not read`(body: String) async throws {
        try await open { door in
            let answer = try await door.send(.post, "/api/v1/chats/5/messages", body, as: "five")
            #expect(answer.status == 403)
            let allowed = try await door.send(.post, "/api/v1/chats/5/messages", body)
            #expect(allowed.status == 202)
        }
    }

    @Test func `who may not send to the chat is refused`() async throws {
        try await open { door in
            let answer = try await door.send(
                .post, "/api/v1/chats/7/messages", #"{"text":"x","botId":42}"#, as: "five")
            #expect(answer.status == 403)
            #expect(door.house.telegram.calls.isEmpty)
        }
    }

    @Test func `a bot must be named where several reach the chat, or none`() async throws {
        try await open { door in
            let several = try await door.send(.post, "/api/v1/chats/2/messages", #"{"text":"x"}"#)
            #expect(several.status == 422)
            #expect(several.json["error"]?["details"]?["bots"] == .array([.string("1"), .string("2")]))
            let none = try await door.send(.post, "/api/v1/chats/404/messages", #"{"text":"x"}"#)
            #expect(none.status == 422)
            let named = try await door.send(.post, "/api/v1/chats/2/messages", #"{"text":"x","bot_id":1}"#)
            #expect(named.status == 202)
        }
    }

    @Test func `the same key is the same send, and another request under it a conflict`() async throws {
        try await open { door in
            let path = "/api/v1/chats/5/messages"
            let first = try await door.send(.post, path, #"{"text":"x"}"#, key: "k1")
            let again = try await door.send(.post, path, #"{"text":"x"}"#, key: "k1")
            #expect(first.json["data"]?["send"]?["id"] == again.json["data"]?["send"]?["id"])
            let other = try await door.send(.post, path, #"{"text":"y"}"#, key: "k1")
            #expect(other.status == 409)
            #expect(other.json["error"]?["details"]?["reason"]?.string == "IDEMPOTENCY_KEY_REUSED")
        }
    }

    @Test(arguments: [
        "[]", "{}", #"{"text":1}"#, #"{"text":"x","priority":"high"}"#, #"{"text":"x","wait":"long"}"#,
        #"{"text":"x","wait":"sent","waitSeconds":99}"#, #"{"text":"x","sendAt":"tomorrow"}"#,
        #"{"text":"x","botId":"a"}"#, #"{"photo":{}}"#, #"{"method":"sendDice","params":[]}"#,
        #"{"method":"sendPhoto","params":{"photo":"file:///etc/passwd"}}"#,
        #"{"method":"sendMediaGroup","params":{"media":[{"type":"photo","media":"File:/etc/passwd"}]}}"#,
        #"{"text":"x","correlationId":""}"#, #"{"method":"no/method"}"#,
    ])
    func `what is no send is refused`(body: String) async throws {
        try await open { door in
            let answer = try await door.send(.post, "/api/v1/chats/5/messages", body)
            #expect(answer.status == 422)
        }
    }

    @Test func `a batch is answered item by item`() async throws {
        try await open { door in
            let body = """
                {"sends":[{"chatId":"5","text":"a"},{"text":"b"},{"chatId":7,"text":"c"},
                {"chat_id":6,"text":"d","idempotencyKey":"k"},{"chat_id":6,"text":"e","idempotencyKey":"k"}]}
                """
            let answer = try await door.send(.post, "/api/v1/sends/batch", body, as: "five")
            #expect(answer.status == 202)
            let items = try #require(answer.json["data"]?["sends"]?.array)
            #expect(items.map { $0["send"] != nil } == [true, false, false, true, false])
            #expect(items[1]["error"]?["code"]?.string == "VALIDATION_FAILED")
            #expect(items[2]["error"]?["code"]?.string == "VALIDATION_FAILED")
            #expect(items[4]["error"]?["code"]?.string == "CONFLICT")
            for id in items.compactMap({ $0["send"]?["id"]?.string.flatMap { Int64($0) } }) {
                _ = try await door.house.wait(id, .sent)
            }
        }
    }

    @Test func `sends are listed for those who may see them`() async throws {
        try await open { door in
            for chat in [5, 6, 7] {
                let body = #"{"text":"x","wait":"sent"}"#
                _ = try await door.send(.post, "/api/v1/chats/\(chat)/messages", body)
            }
            func chats(_ caller: String, _ query: String = "") async throws -> [String?] {
                let answer = try await door.send(.get, "/api/v1/sends\(query)", as: caller)
                return (answer.json["data"]?["sends"]?.array ?? []).map { $0["chatId"]?.string }
            }
            let seen1 = try await chats("all")
            #expect(seen1 == ["7", "6", "5"])
            let seen2 = try await chats("all", "?chatId=6")
            #expect(seen2 == ["6"])
            let seen3 = try await chats("all", "?state=failed")
            #expect(seen3 == [])
            let seen4 = try await chats("five")
            #expect(seen4 == ["5"])
            let seen5 = try await chats("none")
            #expect(seen5 == [])
            let page = try await door.send(.get, "/api/v1/sends?limit=2")
            let cursor = try #require(page.json["data"]?["nextCursor"]?.string)
            let seen6 = try await chats("all", "?limit=2&cursor=\(cursor)")
            #expect(seen6 == ["5"])
        }
    }

    @Test func `a send is hidden from those who do not reach its chat`() async throws {
        try await open { door in
            let answer = try await door.send(
                .post, "/api/v1/chats/7/messages", #"{"text":"x","sendAt":"2099-01-01T00:00:00Z"}"#)
            let id = try #require(answer.json["data"]?["send"]?["id"]?.string)
            for caller in ["five", "none"] {
                let seen7 = try await door.send(.get, "/api/v1/sends/\(id)", as: caller).status
                #expect(seen7 == 404)
                let seen8 = try await door.send(.post, "/api/v1/sends/\(id)/cancel", as: caller).status
                #expect(seen8 == 404)
            }
            let cancelled = try await door.send(.post, "/api/v1/sends/\(id)/cancel")
            #expect(cancelled.json["data"]?["send"]?["state"]?.string == "CANCELLED")
            let seen9 = try await door.send(.post, "/api/v1/sends/\(id)/cancel").status
            #expect(seen9 == 409)
        }
    }

    @Test func `what is left of a bot's limits can be seen`() async throws {
        // A window that does not pass while the answers come.
        try await SendDoor.open({ $0.settings.limits.botWindow = .seconds(3600) }) { door in
            let before = try await door.send(.get, "/api/v1/bots/42/budget")
            #expect(before.json["data"]?["budget"]?["remaining"]?.int64 == 1000)
            _ = try await door.send(.post, "/api/v1/chats/5/messages", #"{"text":"x","wait":"sent"}"#)
            let after = try await door.send(.get, "/api/v1/bots/42/budget")
            #expect(after.json["data"]?["budget"]?["remaining"]?.int64 == 999)
            let seen10 = try await door.send(.get, "/api/v1/bots/42/budget", as: "none").status
            #expect(seen10 == 404)
        }
    }
}
