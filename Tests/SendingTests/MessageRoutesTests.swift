import Base
import HTTPServer
import Kernel
import Testing
import Wire

@testable import Sending

@Suite struct MessageRoutesTests {
    struct Asked: Sendable, CustomTestStringConvertible {
        let method: HTTPMethod
        let path: String
        let body: String?
        let call: String
        let written: String
        var testDescription: String { "\(method) \(path)" }

        init(_ method: HTTPMethod, _ path: String, _ body: String?, _ call: String, _ written: String) {
            self.method = method
            self.path = path
            self.body = body
            self.call = call
            self.written = written
        }
    }

    private static let changes: [Asked] = [
        Asked(
            .patch, "/messages/7", #"{"text":"x","parse_mode":"HTML"}"#, "editMessageText",
            #""message_id":7,"text":"x","parse_mode":"HTML""#),
        Asked(
            .patch, "/messages/7", #"{"caption":""}"#, "editMessageCaption", #""message_id":7,"caption":"""#),
        Asked(.patch, "/messages/7", #"{"replyMarkup":null}"#, "editMessageReplyMarkup", #""message_id":7"#),
        Asked(.delete, "/messages/7", nil, "deleteMessage", #""message_id":7"#),
        Asked(
            .post, "/messages/delete", #"{"messageIds":["7",9]}"#, "deleteMessages", #""message_ids":[7,9]"#),
        Asked(
            .put, "/messages/7/reaction", #"{"emoji":"x"}"#, "setMessageReaction",
            #""message_id":7,"reaction":[{"type":"emoji","emoji":"x"}]"#),
        Asked(.delete, "/messages/7/reaction", nil, "setMessageReaction", #""message_id":7,"reaction":[]"#),
        Asked(
            .put, "/messages/7/pin?disableNotification=true", nil, "pinChatMessage",
            #""message_id":7,"disable_notification":true"#),
        Asked(
            .put, "/messages/7/pin", #"{"disable_notification":false}"#, "pinChatMessage",
            #""message_id":7,"disable_notification":false"#),
        Asked(.delete, "/messages/7/pin", nil, "unpinChatMessage", #""message_id":7"#),
    ]

    @Test(arguments: changes)
    func `a change is a send of its own`(asked: Asked) async throws {
        try await SendDoor.open { door in
            let answer = try await door.send(asked.method, "/api/v1/chats/5" + asked.path, asked.body)
            #expect(answer.status == 202)
            let send = try #require(answer.json["data"]?["send"])
            #expect(send["method"]?.string == asked.call)
            _ = try await door.house.wait(try #require(send["id"]?.string.flatMap { Int64($0) }), .sent)
            let call = try #require(door.house.telegram.calls.first)
            #expect(call.method == asked.call)
            #expect(call.body == Bytes("{\"chat_id\":5,\(asked.written)}"))
        }
    }

    @Test(arguments: changes)
    func `nobody changes what they may not send to`(asked: Asked) async throws {
        try await SendDoor.open { door in
            let answer = try await door.send(
                asked.method, "/api/v1/chats/7" + asked.path, asked.body, as: "five")
            // No bot of theirs reaches that chat.
            #expect(answer.status == 422)
            #expect(door.house.telegram.calls.isEmpty)
        }
    }

    @Test(arguments: [
        ("/messages/7", HTTPMethod.patch, "{}"), ("/messages/7", .patch, #"{"text":"a","caption":"b"}"#),
        ("/messages/7", .patch, #"{"text":""}"#), ("/messages/0", .delete, ""),
        ("/messages/7", .delete, #"{"wait":"long"}"#), ("/messages/7?sendAt=soon", .delete, ""),
        ("/messages/delete", .post, "{}"), ("/messages/delete", .post, #"{"messageIds":[]}"#),
        ("/messages/7/reaction", .put, "{}"), ("/messages/7/reaction", .put, #"{"emoji":"x","reaction":[]}"#),
        ("/messages/7/pin?disableNotification=perhaps", .put, ""),
        ("/actions", .post, #"{"action":"dance"}"#),
    ])
    func `what is no change is refused`(path: String, method: HTTPMethod, body: String) async throws {
        try await SendDoor.open { door in
            let answer = try await door.send(method, "/api/v1/chats/5" + path, body.isEmpty ? nil : body)
            #expect(answer.status == 422)
            #expect(door.house.telegram.calls.isEmpty)
        }
    }

    @Test func `terms stand in the query where there is no body`() async throws {
        try await SendDoor.open { door in
            let answer = try await door.send(
                .delete, "/api/v1/chats/2/messages/7?bot_id=1&wait=sent&correlationId=c", key: "k")
            #expect(answer.status == 200)
            #expect(answer.json["data"]?["send"]?["correlationId"]?.string == "c")
            #expect(door.house.telegram.calls.first?.bot == 1)
        }
    }

    // MARK: At once

    @Test func `an answer to a button goes to Telegram at once`() async throws {
        try await SendDoor.open { door in
            door.house.telegram.answers { _ in FakeTelegram.json(#"{"ok":true,"result":true}"#) }
            let answer = try await door.send(
                .post, "/api/v1/bots/42/callbacks/9/answer", #"{"text":"x","show_alert":true}"#)
            #expect(answer.status == 200)
            let call = try #require(door.house.telegram.calls.first)
            #expect(call.method == "answerCallbackQuery")
            #expect(call.body == #"{"callback_query_id":"9","text":"x","show_alert":true}"#)
            let sends = try await door.house.sends.core.store.page(.init(), limit: 10)
            #expect(sends.isEmpty)
        }
    }

    @Test func `the commands of a bot are given as Telegram knows them`() async throws {
        try await SendDoor.open { door in
            let commands = #"[{"command":"start","description":"Begins"}]"#
            door.house.telegram.answers { _ in FakeTelegram.json(#"{"ok":true,"result":\#(commands)}"#) }
            let answer = try await door.send(.get, "/api/v1/bots/42/commands?languageCode=de")
            #expect(answer.json["data"]?["commands"]?[0]?["command"]?.string == "start")
            #expect(door.house.telegram.calls.first?.body == #"{"language_code":"de"}"#)
        }
    }

    @Test func `who changes the commands of a bot is written down, once Telegram has taken them`()
        async throws
    {
        try await SendDoor.open { door in
            let body =
                #"{"commands":[{"command":"start","description":"Begins"}],"languageCode":"de","#
                + #""scope":{"type":"chat","chat_id":5}}"#
            door.house.telegram.answers { _ in
                FakeTelegram.json(#"{"ok":false,"error_code":400,"description":"no"}"#, status: 400)
            }
            #expect(try await door.send(.put, "/api/v1/bots/42/commands", body).status == 422)
            let audit = AuditLog(door.house.database)
            #expect(try await audit.page().entries.isEmpty)
            door.house.telegram.answers { _ in FakeTelegram.json(#"{"ok":true,"result":true}"#) }
            #expect(try await door.send(.put, "/api/v1/bots/42/commands", body).status == 200)
            let entries = try await audit.page().entries
            #expect(entries.map(\.content.action) == ["bot.commands"])
            #expect(entries.first?.content.target == "bot:42" && entries.first?.content.actor == "user:7")
            #expect(
                entries.first?.content.detail
                    == #"count 1; language de; scope {"type":"chat","chat_id":5}"#)
        }
    }

    @Test(arguments: [(400, 422), (403, 403), (429, 429), (401, 503), (500, 503)])
    func `a refusal is told in Telegram's words`(status: Int, told: Int) async throws {
        try await SendDoor.open { door in
            door.house.telegram.answers { _ in
                FakeTelegram.refusal(status, "such words", status == 429 ? #"{"retry_after":7}"# : nil)
            }
            let answer = try await door.send(.post, "/api/v1/bots/42/callbacks/9/answer", "{}")
            #expect(answer.status == told)
            #expect(answer.json["error"]?["message"]?.string?.contains("such words") == true)
            if status == 429 { #expect(answer.json["error"]?["details"]?["retryAfter"]?.int64 == 7) }
        }
    }

    @Test(arguments: [
        ("/bots/42/callbacks/9/answer", "{}", "none", 404),
        ("/bots/42/callbacks/9/answer", "{}", "five", 200),
        ("/bots/42/inline-queries/9/answer", #"{"results":[]}"#, "five", 404),
        ("/bots/42/inline-queries/9/answer", #"{"results":[]}"#, "all", 200),
        ("/bots/43/callbacks/9/answer", "{}", "all", 404),
        ("/chats/7/actions", #"{"action":"typing","botId":42}"#, "five", 403),
        ("/chats/6/actions", #"{"action":"typing"}"#, "five", 200),
    ])
    func `only who reaches a bot speaks for it`(
        path: String, body: String, caller: String, status: Int
    ) async throws {
        try await SendDoor.open { door in
            door.house.telegram.answers { _ in FakeTelegram.json(#"{"ok":true,"result":true}"#) }
            let answer = try await door.send(.post, "/api/v1" + path, body, as: caller)
            #expect(answer.status == status)
        }
    }

    // MARK: Forms

    private static let form = "multipart/form-data; boundary=x"

    private static func part(_ head: String, _ content: String) -> String {
        "--x\r\nContent-Disposition: form-data; \(head)\r\n\r\n\(content)\r\n"
    }

    @Test func `a form is a request with files`() async throws {
        try await SendDoor.open { door in
            let body =
                Self.part("name=wait", "sent") + Self.part("name=caption", "c")
                + Self.part(#"name=reply_markup"#, #"{"force_reply":true}"#)
                + Self.part("name=video; filename=v.mp4", "film") + "--x--"
            let answer = try await door.send(.post, "/api/v1/chats/5/messages", body, type: Self.form)
            #expect(answer.status == 200)
            let call = try #require(door.house.telegram.calls.first)
            #expect(call.method == "sendVideo")
            let boundary = MultipartParser.boundary(ofContentType: Bytes(call.type ?? ""))
            let parts = try MultipartPart.parse(call.body, boundary: try #require(boundary))
            #expect(parts.map(\.head.name) == ["chat_id", "caption", "reply_markup", "video"])
            #expect(parts.map(\.bytes) == ["5", "c", #"{"force_reply":true}"#, "film"])
        }
    }

    @Test(arguments: [
        part("name=text", "a") + part("name=text", "b"), part("name=text", "a"),
        part("name=text", "a") + "--x",
        part("name=photo; filename=p", ""), part("name=other; filename=p", "a") + "--x--",
        part("name=a_b", "1") + part("name=aB", "1") + "--x--", "",
    ])
    func `a form that cannot be read is refused`(body: String) async throws {
        try await SendDoor.open { door in
            let answer = try await door.send(.post, "/api/v1/chats/5/messages", body, type: Self.form)
            #expect(answer.status == 422)
        }
    }

    @Test func `a file without a name for people has one for Telegram`() async throws {
        try await SendDoor.open { door in
            let body = Self.part(#"name=file; filename="""#, "a") + Self.part("name=wait", "sent") + "--x--"
            let answer = try await door.send(.post, "/api/v1/chats/5/messages", body, type: Self.form)
            #expect(answer.status == 200)
            #expect(door.house.telegram.calls.first?.body.text?.contains(#"filename="file""#) == true)
        }
    }
}
