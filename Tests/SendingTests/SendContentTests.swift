import Base
import BotAPI
import Testing
import Wire

@testable import Sending

@Suite struct SendContentTests {
    private func parse(
        _ json: String, _ uploads: [String: InputFile.Upload] = [:]
    ) throws -> SendBody.Parsed {
        try SendBody.parse(SendFields(JSON.parse(Bytes(json)).root, uploads: uploads), chat: 5)
    }

    @Test(arguments: [
        (
            #"{"text":"x","disable_notification":"true"}"#, "sendMessage",
            #""text":"x","disable_notification":true"#
        ),
        (
            #"{"text":"x","replyMarkup":"{\"a\":[1]}"}"#, "sendMessage",
            #""text":"x","reply_markup":{"a":[1]}"#
        ),
        (
            #"{"text":"x","replyParameters":{"message_id":1,"quote":"q"}}"#, "sendMessage",
            #""text":"x","reply_parameters":{"message_id":1,"quote":"q"}"#
        ),
        (#"{"videoNote":"f"}"#, "sendVideoNote", #""video_note":"f""#),
        (#"{"video_note":"f"}"#, "sendVideoNote", #""video_note":"f""#),
        (#"{"file":"f"}"#, "sendDocument", #""document":"f""#),
        (#"{"file":"f","type":"videoNote"}"#, "sendVideoNote", #""video_note":"f""#),
        (
            #"{"media_group":[{"type":"photo","media":"a"},{"type":"photo","media":"b","caption":"c"}]}"#,
            "sendMediaGroup",
            #""media":[{"type":"photo","media":"a"},{"type":"photo","media":"b","caption":"c"}]"#
        ),
        (
            #"{"location":{"latitude":"1.5","longitude":2}}"#, "sendLocation",
            #""latitude":1.5,"longitude":2.0"#
        ),
        (
            #"{"contact":{"phone_number":"1","first_name":"a"}}"#, "sendContact",
            #""phone_number":"1","first_name":"a""#
        ),
        (
            #"{"poll":{"question":"?","options":["a",{"text":"b"}]}}"#, "sendPoll",
            #""question":"?","options":[{"text":"a"},{"text":"b"}]"#
        ),
        (
            #"{"forward":{"fromChatId":"6","messageIds":[1]}}"#, "forwardMessage",
            #""from_chat_id":6,"message_id":1"#
        ),
        (
            #"{"forward":{"from_chat_id":6,"message_ids":["1",2]}}"#, "forwardMessages",
            #""from_chat_id":6,"message_ids":[1,2]"#
        ),
        (
            #"{"copy":{"fromChatId":6,"messageIds":[1],"caption":"c"}}"#, "copyMessage",
            #""from_chat_id":6,"message_id":1,"caption":"c""#
        ),
    ])
    func `a content becomes the call of its kind`(json: String, method: String, parameters: String) throws {
        let parsed = try parse(json)
        #expect(parsed.method.name == method)
        #expect(parsed.body == .json(Bytes("{\"chat_id\":5,\(parameters)}")))
    }

    @Test(arguments: [
        (#"{"text":"x","photo":"f"}"#, "photo"),
        (#"{"text":"x","method":"sendDice","poll":{}}"#, "poll.question"),
        (#"{"text":" "}"#, "text"), (#"{"text":"x","parseMode":1}"#, "parseMode"),
        (#"{"text":"x","entities":{}}"#, "entities"), (#"{"text":"x","replyMarkup":"{"}"#, "replyMarkup"),
        (#"{"text":"x","replyToMessageId":1,"replyParameters":{}}"#, "replyToMessageId"),
        (#"{"photo":"file:/etc/passwd"}"#, "photo"), (#"{"photo":"attach://x"}"#, "photo"),
        (#"{"file":"f","type":"picture"}"#, "type"),
        (#"{"mediaGroup":{}}"#, "mediaGroup"), (#"{"mediaGroup":[1]}"#, "mediaGroup[0]"),
        (#"{"mediaGroup":[{"type":"photo","media":"a"}]}"#, "mediaGroup"),
        (#"{"mediaGroup":[{"type":"photo","media":"a"},{"type":"photo"}]}"#, "mediaGroup[1].media"),
        (
            #"{"mediaGroup":[{"type":"photo","media":"a"},{"type":"voice","media":"b"}]}"#,
            "mediaGroup[1].type"
        ),
        (
            #"{"mediaGroup":[{"type":"photo","media":"a","caption":1},{"type":"photo"}]}"#,
            "mediaGroup[0].caption"
        ),
        (#"{"location":[]}"#, "location"), (#"{"location":{"latitude":1}}"#, "location.longitude"),
        (#"{"location":{"latitude":1,"longitude":"nan"}}"#, "location.longitude"),
        (#"{"location":{"latitude":1,"longitude":999}}"#, "location.longitude"),
        (#"{"contact":{"phoneNumber":"1"}}"#, "contact.firstName"),
        (#"{"poll":{"question":"?","options":["a"]}}"#, "poll.options"),
        (#"{"poll":{"question":"?","options":["a",1]}}"#, "poll.options[1]"),
        (#"{"poll":{"question":"?","options":["a","b"],"isAnonymous":"no"}}"#, "poll.isAnonymous"),
        (#"{"forward":{"messageIds":[1]}}"#, "forward.fromChatId"),
        (#"{"forward":{"fromChatId":6}}"#, "forward.messageIds"),
        (#"{"forward":{"fromChatId":6,"messageIds":[2,1]}}"#, "forward.messageIds"),
        (#"{"forward":{"fromChatId":"@name","messageIds":[1]}}"#, "forward.fromChatId"),
        (#"{"copy":{"fromChatId":6,"messageIds":[1,2],"caption":"c"}}"#, "copy.caption"),
        (#"{"copy":{"fromChatId":6,"messageIds":["x"]}}"#, "copy.messageIds[0]"),
    ])
    func `what cannot be sent is refused by its field`(json: String, field: String) throws {
        do {
            _ = try parse(json)
            Issue.record("was taken")
        } catch SendError.invalid(let found, _) {
            #expect(found == field)
        }
    }

    // MARK: Files

    private static let picture = InputFile.Upload(name: "a.png", type: "image/png", Bytes([1, 2, 3]))

    private func form(_ parsed: SendBody.Parsed) throws -> [MultipartPart] {
        guard case .form(let bytes, let type) = parsed.body else {
            Issue.record("is no form")
            return []
        }
        let boundary = try #require(MultipartParser.boundary(ofContentType: type))
        return try MultipartPart.parse(bytes, boundary: boundary)
    }

    @Test func `a file that comes along goes along`() throws {
        let parsed = try parse(#"{"caption":"c"}"#, ["photo": Self.picture])
        #expect(parsed.method.name == "sendPhoto")
        let parts = try form(parsed)
        #expect(parts.map(\.head.name) == ["chat_id", "caption", "photo"])
        #expect(parts.last?.bytes == Self.picture.bytes)
    }

    @Test func `a part named file is what its type says`() throws {
        #expect(try parse("{}", ["file": Self.picture]).method.name == "sendDocument")
        #expect(try parse(#"{"type":"audio"}"#, ["file": Self.picture]).method.name == "sendAudio")
    }

    @Test func `a group names the parts that its files are in`() throws {
        let parsed = try parse(
            #"{"mediaGroup":"[{\"type\":\"photo\",\"media\":\"attach://one\"},{\"type\":\"photo\",\"media\":\"id\"}]"}"#,
            ["one": Self.picture])
        #expect(try form(parsed).map(\.head.name) == ["chat_id", "media", "file0"])
    }

    @Test(arguments: [
        ("{}", ["picture": picture]), (#"{"text":"x"}"#, ["photo": picture]),
        (#"{"photo":"id"}"#, ["photo": picture]), (#"{"text":"x"}"#, ["other": picture]),
        (#"{"mediaGroup":[{"type":"photo","media":"a"},{"type":"photo","media":"b"}]}"#, ["media": picture]),
    ])
    func `a file that nothing sends is refused`(json: String, uploads: [String: InputFile.Upload]) throws {
        #expect(throws: SendError.self) { try parse(json, uploads) }
    }

    @Test func `the same request with a file is the same request, and another one is not`() throws {
        func hash(_ content: Bytes) throws -> Bytes {
            let parsed = try parse("{}", ["photo": InputFile.Upload(name: "a", content)])
            return SendDraft(bot: 1, chat: 5, method: parsed.method, body: parsed.body).hash
        }
        #expect(try hash("one") == hash("one"))
        #expect(try hash("one") != hash("two"))
    }

    @Test func `the chats that a form takes something from are known`() throws {
        let parsed = try parse(
            #"{"replyParameters":{"message_id":1,"chat_id":6}}"#, ["photo": Self.picture])
        let draft = SendDraft(bot: 1, chat: 5, method: parsed.method, body: parsed.body)
        #expect(try draft.sources() == [6])
    }
}
