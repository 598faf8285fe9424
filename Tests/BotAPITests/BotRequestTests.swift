import Base
import BotAPI
import Testing
import Wire

@Suite struct BotRequestTests {
    struct Written: Sendable, CustomTestStringConvertible {
        let request: any BotRequest
        let method: String
        let json: String
        var testDescription: String { "\(method) \(json)" }

        init(_ request: any BotRequest, _ method: String, _ json: String) {
            self.request = request
            self.method = method
            self.json = json
        }
    }

    private static let options: MessageOptions = {
        var options = MessageOptions()
        options.replyParameters = #"{"message_id":3}"#
        options.replyMarkup = #"{"force_reply":true}"#
        options.disableNotification = true
        options.protectContent = false
        options.messageThreadID = 8
        options.messageEffectID = "e"
        return options
    }()

    private static let messages: [Written] = [
        Written(
            TextMessage(
                to: 5, FormattedText("a \"b\"", parseMode: "HTML", entities: "[{}]"),
                linkPreviewOptions: #"{"is_disabled":true}"#, options), "sendMessage",
            #"{"chat_id":5,"text":"a \"b\"","parse_mode":"HTML","entities":[{}],"link_preview_options":{"is_disabled":true},"#
                + #""reply_parameters":{"message_id":3},"reply_markup":{"force_reply":true},"disable_notification":true,"#
                + #""protect_content":false,"message_thread_id":8,"message_effect_id":"e"}"#),
        Written(
            MediaMessage(to: -5, .videoNote, .reference("AgAC")), "sendVideoNote",
            #"{"chat_id":-5,"video_note":"AgAC"}"#),
        Written(
            MediaMessage(
                to: 5, .photo, .reference("https://a.example/b.png"), caption: FormattedText("c")),
            "sendPhoto",
            #"{"chat_id":5,"photo":"https://a.example/b.png","caption":"c"}"#),
        Written(
            MediaGroup(
                to: 5,
                [.init(.photo, .reference("a")), .init(.video, .reference("b"), caption: FormattedText("c"))]),
            "sendMediaGroup",
            #"{"chat_id":5,"media":[{"type":"photo","media":"a"},{"type":"video","media":"b","caption":"c"}]}"#
        ),
        Written(
            LocationMessage(to: 5, latitude: 52.5, longitude: -13.25), "sendLocation",
            #"{"chat_id":5,"latitude":52.5,"longitude":-13.25}"#),
        Written(
            ContactMessage(to: 5, phoneNumber: "+49", firstName: "Ada"), "sendContact",
            #"{"chat_id":5,"phone_number":"+49","first_name":"Ada"}"#),
        Written(
            quiz, "sendPoll",
            #"{"chat_id":5,"question":"?","options":[{"text":"a"},{"text":"b"}],"is_anonymous":false,"#
                + #""type":"quiz","correct_option_id":1,"correct_option_ids":[1],"explanation":"why"}"#),
    ]

    private static var quiz: PollMessage {
        var poll = PollMessage(to: 5, "?", answers: ["a", "b"])
        poll.isAnonymous = false
        poll.correctOption = 1
        poll.explanation = "why"
        return poll
    }

    private static let changes: [Written] = [
        Written(
            MessageRelay(.forward, [7], from: 6, to: 5), "forwardMessage",
            #"{"chat_id":5,"from_chat_id":6,"message_id":7}"#),
        Written(
            MessageRelay(.copy, [7, 8], from: 6, to: 5), "copyMessages",
            #"{"chat_id":5,"from_chat_id":6,"message_ids":[7,8]}"#),
        Written(
            MessageEdit(7, in: 5, .text(FormattedText("x"), linkPreviewOptions: nil), replyMarkup: "{}"),
            "editMessageText", #"{"chat_id":5,"message_id":7,"text":"x","reply_markup":{}}"#),
        Written(
            MessageEdit(7, in: 5, .caption(FormattedText("")), replyMarkup: nil), "editMessageCaption",
            #"{"chat_id":5,"message_id":7,"caption":""}"#),
        Written(
            MessageEdit(7, in: 5, .replyMarkup, replyMarkup: nil), "editMessageReplyMarkup",
            #"{"chat_id":5,"message_id":7}"#),
        Written(MessageDeletion(of: [7], in: 5), "deleteMessage", #"{"chat_id":5,"message_id":7}"#),
        Written(MessageDeletion(of: [7, 9], in: 5), "deleteMessages", #"{"chat_id":5,"message_ids":[7,9]}"#),
        Written(
            MessageReaction(.emoji("👍"), to: 7, in: 5, isBig: true), "setMessageReaction",
            #"{"chat_id":5,"message_id":7,"reaction":[{"type":"emoji","emoji":"👍"}],"is_big":true}"#),
        Written(
            MessageReaction(.none, to: 7, in: 5), "setMessageReaction",
            #"{"chat_id":5,"message_id":7,"reaction":[]}"#),
        Written(
            MessagePin(7, in: 5, isPinned: true, disableNotification: true), "pinChatMessage",
            #"{"chat_id":5,"message_id":7,"disable_notification":true}"#),
        Written(
            MessagePin(7, in: 5, isPinned: false), "unpinChatMessage", #"{"chat_id":5,"message_id":7}"#),
        Written(ChatAction(.typing, in: 5), "sendChatAction", #"{"chat_id":5,"action":"typing"}"#),
        Written(CallbackAnswer(to: "9"), "answerCallbackQuery", #"{"callback_query_id":"9"}"#),
        Written(
            InlineAnswer(to: "9", "[]", count: 0), "answerInlineQuery",
            #"{"inline_query_id":"9","results":[]}"#),
        Written(
            CommandList(
                [.init("start", "Begins")],
                for: CommandAudience(scope: #"{"type":"default"}"#, languageCode: "de")), "setMyCommands",
            #"{"commands":[{"command":"start","description":"Begins"}],"scope":{"type":"default"},"language_code":"de"}"#
        ),
        Written(CommandQuery(for: CommandAudience()), "getMyCommands", "{}"),
    ]

    @Test(arguments: messages + changes)
    func `a call is written as Telegram reads it`(written: Written) throws {
        #expect(written.request.method.name == written.method)
        #expect(written.request.parameters.json == Bytes(written.json))
        #expect(written.request.uploads.isEmpty)
        try written.request.check()
    }

    // MARK: Files

    private static let upload = InputFile.Upload(
        name: "a \"b\".png", type: "image/png", Bytes([0, 255, 13, 10]))

    /// The parts of the form that a call becomes.
    private func parts(_ request: any BotRequest) throws -> [MultipartPart] {
        let form = request.parameters.form(with: request.uploads, boundary: 1, 2)
        let boundary = try #require(MultipartParser.boundary(ofContentType: form.contentType))
        return try MultipartPart.parse(form.bytes, boundary: boundary)
    }

    @Test func `a file goes along in a part of the parameter's name`() throws {
        let parts = try parts(
            MediaMessage(to: 5, .photo, .upload(Self.upload), caption: FormattedText("ü\r\n--x")))
        #expect(parts.map(\.head.name) == ["chat_id", "caption", "photo"])
        #expect(parts[0].bytes == "5")
        #expect(parts[1].bytes == "ü\r\n--x")
        #expect(parts[2].bytes == Self.upload.bytes)
        #expect(parts[2].head.contentType == "image/png")
        #expect(parts[2].head.filename == "a %22b%22.png")
    }

    @Test func `files of a group are named in its list`() throws {
        let parts = try parts(
            MediaGroup(to: 5, [.init(.photo, .reference("a")), .init(.photo, .upload(Self.upload))]))
        #expect(parts.map(\.head.name) == ["chat_id", "media", "file1"])
        #expect(
            parts[1].bytes == #"[{"type":"photo","media":"a"},{"type":"photo","media":"attach://file1"}]"#)
    }

    // MARK: Refusals

    struct Refused: Sendable, CustomTestStringConvertible {
        let request: any BotRequest
        let field: String
        var testDescription: String { "\(type(of: request)) \(field)" }

        init(_ field: String, _ request: any BotRequest) {
            self.field = field
            self.request = request
        }
    }

    private static let photo = MediaGroup.Item(.photo, .reference("a"))
    private static let long = String(repeating: "a", count: 70_000)

    private static let refusals: [Refused] = [
        Refused("text", TextMessage(to: 5, FormattedText(" \n"))),
        Refused("text", TextMessage(to: 5, FormattedText(long))),
        Refused("file", MediaMessage(to: 5, .photo, .reference(""))),
        Refused("file", MediaMessage(to: 5, .photo, .reference("file:///etc/passwd"))),
        Refused("file", MediaMessage(to: 5, .photo, .reference("attach://x"))),
        Refused("file", MediaMessage(to: 5, .photo, .upload(.init(name: "a", Bytes())))),
        Refused("caption", MediaMessage(to: 5, .photo, .reference("a"), caption: FormattedText(long))),
        Refused("media", MediaGroup(to: 5, [photo])),
        Refused("media", MediaGroup(to: 5, Array(repeating: photo, count: 11))),
        Refused("media", MediaGroup(to: 5, [photo, .init(.document, .reference("b"))])),
        Refused("media[1].type", MediaGroup(to: 5, [photo, .init(.sticker, .reference("b"))])),
        Refused("media[1].media", MediaGroup(to: 5, [photo, .init(.photo, .reference("ftp://b"))])),
        Refused("latitude", LocationMessage(to: 5, latitude: 91, longitude: 0)),
        Refused("longitude", LocationMessage(to: 5, latitude: 0, longitude: -181)),
        Refused("phoneNumber", ContactMessage(to: 5, phoneNumber: "", firstName: "a")),
        Refused("firstName", ContactMessage(to: 5, phoneNumber: "1", firstName: long)),
        Refused("question", PollMessage(to: 5, "", answers: ["a", "b"])),
        Refused("options", PollMessage(to: 5, "?", answers: ["a"])),
        Refused("options", PollMessage(to: 5, "?", answers: Array(repeating: "a", count: 13))),
        Refused("options[1]", PollMessage(to: 5, "?", answers: ["a", ""])),
        Refused("messageIds", MessageRelay(.forward, [], from: 6, to: 5)),
        Refused("messageIds", MessageRelay(.forward, [2, 1], from: 6, to: 5)),
        Refused("messageIds", MessageRelay(.copy, Array(1...101), from: 6, to: 5)),
        Refused("caption", MessageRelay(.copy, [1, 2], from: 6, to: 5, caption: FormattedText("c"))),
        Refused("caption", MessageRelay(.forward, [1], from: 6, to: 5, caption: FormattedText("c"))),
        Refused("messageId", MessageEdit(0, in: 5, .replyMarkup, replyMarkup: nil)),
        Refused("messageIds", MessageDeletion(of: [.max], in: 5)),
        Refused("emoji", MessageReaction(.emoji(""), to: 1, in: 5)),
        Refused("messageId", MessagePin(-1, in: 5, isPinned: true)),
        Refused("results", InlineAnswer(to: "9", "[]", count: 51)),
        Refused("commands[0].command", CommandList([.init("Start", "x")], for: CommandAudience())),
        Refused("commands[0].description", CommandList([.init("start", "")], for: CommandAudience())),
        Refused("languageCode", CommandQuery(for: CommandAudience(languageCode: "deu"))),
    ]

    @Test(arguments: refusals)
    func `what Telegram would refuse in any case is refused by its field`(refused: Refused) {
        do throws(BotRequestError) {
            try refused.request.check()
            Issue.record("was taken")
        } catch {
            #expect(error.field == refused.field)
        }
    }

    @Test func `what is optional is refused, too`() {
        var location = LocationMessage(to: 5, latitude: 0, longitude: 0)
        location.livePeriod = 59
        #expect(throws: BotRequestError.self) { try location.check() }
        var poll = PollMessage(to: 5, "?", answers: ["a", "b"])
        poll.correctOption = 2
        #expect(throws: BotRequestError.self) { try poll.check() }
        poll.correctOption = nil
        poll.explanation = "why"
        #expect(throws: BotRequestError.self) { try poll.check() }
        var answer = CallbackAnswer(to: "9")
        answer.text = String(repeating: "a", count: 201)
        #expect(throws: BotRequestError.self) { try answer.check() }
    }
}
