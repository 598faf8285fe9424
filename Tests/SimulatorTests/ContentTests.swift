import Base
import Testing
import Wire

@testable import Simulator

@Suite struct ContentTests {
    private func read(_ text: String, _ mode: String?) throws -> StyledText {
        try Markup.read(text, mode: mode, explicit: nil)
    }

    @Test(
        arguments: [
            ("<b>bold</b> &lt;x&gt;", "HTML", "bold <x>", "bold 0 4"),
            ("<a href=\"https://e.org\">é😀</a>!", "html", "é😀!", "text_link 0 3"),
            ("<b><i>x</i></b>", "HTML", "x", "bold 0 1, italic 0 1"),
            ("*bold* _it_ `c`", "MarkdownV2", "bold it c", "bold 0 4, italic 5 2, code 8 1"),
            ("1\\. ~s~ [t](http://e.org)", "MarkdownV2", "1. s t", "strikethrough 3 1, text_link 5 1"),
            ("*b* 1. x", "Markdown", "b 1. x", "bold 0 1"),
            (
                "/go@a_bot @some_one #tag https://e.org/x.", nil, "/go@a_bot @some_one #tag https://e.org/x.",
                "bot_command 0 9, mention 10 9, hashtag 20 4, url 25 15"
            ),
            ("a/b 1/2 me@x.org", nil, "a/b 1/2 me@x.org", ""), ("  <b> x </b> ", "HTML", "x", "bold 0 1"),
        ] as [(String, String?, String, String)])
    func `texts are read as they are marked`(text: String, mode: String?, plain: String, entities: String)
        throws
    {
        let styled = try read(text, mode)
        #expect(styled.text == plain)
        let found = styled.entities.sorted { ($0.offset, $0.type) < ($1.offset, $1.type) }
        #expect(found.map { "\($0.type) \($0.offset) \($0.length)" }.joined(separator: ", ") == entities)
    }

    @Test(arguments: [
        ("<b>x", "HTML"), ("<x>y</x>", "HTML"), ("x</b>", "HTML"), ("<b", "HTML"), ("*x", "MarkdownV2"),
        ("1. x", "MarkdownV2"), ("[x](y", "MarkdownV2"), ("`x", "Markdown"), ("x", "BBCode"),
    ])
    func `what is marked wrongly is refused`(text: String, mode: String) {
        #expect(throws: Markup.Failure.self) { try read(text, mode) }
    }

    @Test func `a photo is uploaded, shown in sizes, and downloaded`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            var picture: [UInt8] = [
                0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52,
            ]
            picture += [0, 0, 4, 0, 0, 0, 2, 0] + (0..<5000).map { UInt8(truncatingIfNeeded: $0) }
            var form = MultipartWriter(random: 3, 4)
            form.append("chat_id", "\(user)")
            form.append(.init(name: "x", filename: "p.png", contentType: "image/png"), Bytes(picture))
            form.append("photo", "attach://x")
            let type = form.contentType
            let sent = try await house.send("/bot\(bot.token)/sendPhoto", form.finish(), type: type).result
            let sizes = sent["photo"]?.array ?? []
            #expect(sizes.map { $0["width"]?.int64 } == [90, 320, 800, 1024])
            let id = sizes.last?["file_id"] ?? .null
            let file = try await house.call(bot, "getFile", ["file_id": id]).result
            let path = try #require(file["file_path"]?.string)
            #expect(try await house.send("/file/bot\(bot.token)/\(path)").body == Bytes(picture))
            let again = try await house.call(bot, "sendPhoto", ["chat_id": .integer(user), "photo": id])
                .result
            #expect(again["photo"]?.array?.last?["file_unique_id"] == sizes.last?["file_unique_id"])
            let other = try house.bot("other_bot")
            let foreign = try await house.call(other, "getFile", ["file_id": id])
            #expect(foreign.words == "Bad Request: invalid file_id")
            #expect(try await house.send("/file/bot\(bot.token)/photos/none").status == 404)
        }
    }

    @Test func `an album holds together, and an address stands for a file`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            try house.say("/start", user, to: bot)
            let media: JSONValue = [
                ["type": "photo", "media": "https://e.org/1.jpg", "caption": "one"],
                ["type": "video", "media": "https://e.org/2.mp4"],
            ]
            let sent = try await house.call(
                bot, "sendMediaGroup", ["chat_id": .integer(user), "media": media])
            #expect(sent.result[0]?["media_group_id"] != nil)
            #expect(sent.result[0]?["media_group_id"] == sent.result[1]?["media_group_id"])
            #expect(sent.result[0]?["caption"]?.string == "one")
            #expect(sent.result[1]?["video"]?["mime_type"]?.string == "video/mp4")
            let wrong = try await house.call(bot, "sendPhoto", ["chat_id": .integer(user), "photo": "abc"])
            #expect(wrong.words?.hasPrefix("Bad Request: wrong remote file identifier") == true)
        }
    }

    @Test func `a message is forwarded with its origin and copied without`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            let message = try house.say("hello", user, to: bot)
            let arguments: JSONValue = [
                "chat_id": .integer(user), "from_chat_id": .integer(user),
                "message_id": .integer(Int64(message.id(seenBy: bot.id))),
            ]
            let forwarded = try await house.call(bot, "forwardMessage", arguments).result
            #expect(forwarded["forward_origin"]?["sender_user"]?["id"]?.int64 == user)
            let copied = try await house.call(bot, "copyMessage", arguments).result
            #expect(copied["message_id"]?.int64 == (forwarded["message_id"]?.int64 ?? 0) + 1)
        }
    }

    @Test func `traffic is exact, and every marker that came twice is told`() async throws {
        try await House.open({ $0.clocks = .system }) { house in
            let bot = try house.bot()
            let run = try await house.sim(
                "traffic", ["bot": .integer(bot.id), "chats": 20, "count": 500, "rate": 20_000, "bytes": 300])
            try await house.wait("the end") {
                try await house.sim("run", ["id": run["id"] ?? 0])["finished"]?.bool == true
            }
            #expect(try await house.sim("run", ["id": run["id"] ?? 0])["done"]?.int64 == 500)
            var texts: Set<String> = []
            var offset: Int64 = 0
            while true {
                let updates = try await house.updates(bot, ["offset": .integer(offset)])
                guard let last = updates.last?["update_id"]?.int64 else { break }
                offset = last + 1
                texts.formUnion(updates.compactMap { $0["message"]?["text"]?.string })
            }
            #expect(texts.count == 500)
            let user = try house.user()
            try house.say("/start", user, to: bot)
            for word in ["marker:a", "x marker:b", "marker:a y"] {
                _ = try await house.call(
                    bot, "sendMessage", ["chat_id": .integer(user), "text": .string(word)])
            }
            #expect(try await house.sim("doubles") == ["a": 2])
            #expect(try await house.sim("sends", ["contains": "marker:b"])[0]?["marker"]?.string == "b")
        }
    }

    @Test func `a script does its steps and keeps names`() async throws {
        try await House.open { house in
            let steps: JSONValue = [
                ["do": "createBot", "username": "script_bot", "save": "bot"],
                ["do": "createUser", "first_name": "Ada", "save": "ada"],
                ["do": "send", "user": "$ada", "chat": "$bot", "text": "hello", "after_ms": 5],
                ["do": "nonsense"],
            ]
            let run = try await house.sim("script", ["steps": steps, "wait": true])
            #expect(run["done"]?.int64 == 3)
            #expect(run["failed"]?.int64 == 1)
            #expect(try await house.sim("statistics")["updates"]?.int64 == 1)
        }
    }
}
