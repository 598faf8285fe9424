import Base
import BotAPI
import HTTPServer
import Testing
import Wire

@testable import BotFacade

@Suite struct CallArgumentsTests {
    private static let json: Bytes = "application/json"
    private static let form: Bytes = "application/x-www-form-urlencoded"

    private static func multipart(_ parts: [String], after preamble: String = "") -> Bytes {
        Bytes(
            preamble + parts.map { "--B\r\nContent-Disposition: form-data; \($0)\r\n" }.joined() + "--B--\r\n"
        )
    }

    @Test(arguments: [
        ("chat_id=5&text=a+b", "", ""),
        ("", #"{"chat_id":5,"text":"a b"}"#, "application/json; charset=utf-8"),
        ("", "chat_id=5&text=a%20b", "Application/X-WWW-Form-Urlencoded"),
        ("chat_id=5", #"{"text":"a b"}"#, "application/json"), ("chat_id=5", "text=a+b", ""),
        ("", #"{"chat\u005fid":5,"text":"a b"}"#, "application/json"),
    ])
    func `arguments are the same in every form`(query: String, body: String, type: String) throws {
        let arguments = try CallArguments(query: Bytes(query), body: Bytes(body), type: Bytes(type))
        #expect(arguments["chat_id"] == "5")
        #expect(arguments["text"] == "a b")
    }

    @Test func `a form with files gives its texts, and its files no text`() throws {
        let body = Self.multipart([
            "name=\"chat_id\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n5",
            "name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nPNG",
            "name=\"media\"\r\n\r\n[{\"type\":\"photo\",\"media\":\"attach://photo\"}]",
        ])
        let arguments = try CallArguments(
            query: Bytes(), body: body, type: "multipart/form-data; boundary=B")
        #expect(arguments["chat_id"] == "5")
        #expect(arguments["photo"] == "")
        #expect(arguments["media"]?.contains("attach://photo") == true)
    }

    @Test(arguments: [
        ("chat_id=5&chat_id=6", "", ""), ("chat_id=5", #"{"chat_id":6}"#, "application/json"),
        ("chat_id=5", "chat_id=6", ""), ("", #"{"chat_id":5,"chat_id":6}"#, "application/json"),
        ("", #"{"chat_id":5,"chat\u005fid":6}"#, "application/json"),
        ("", #"{"chat_id":null,"chat_id":6}"#, "application/json"),
        ("", #"{"chat_id":6,"chat_id":null}"#, "application/json"),
        ("", "chat_id=5&chat%5Fid=6", ""),
    ])
    func `an argument that is given twice is refused`(query: String, body: String, type: String) {
        #expect(throws: APIError.self) {
            try CallArguments(query: Bytes(query), body: Bytes(body), type: Bytes(type))
        }
    }

    @Test func `a file under the name of a text is refused`() {
        let body = Self.multipart([
            "name=\"chat_id\"; filename=\"x\"\r\n\r\n6", "name=\"chat_id\"\r\n\r\n5",
        ])
        #expect(throws: APIError.self) {
            try CallArguments(query: Bytes(), body: body, type: "multipart/form-data; boundary=B")
        }
    }

    @Test(arguments: [
        "multipart/form-data; xboundary=A; boundary=B", "multipart/form-data; boundary=B; boundary=A",
        "multipart/form-data; boundary=B; x=application/json",
    ])
    func `Telegram gets the parts that rights were checked for, whatever else a form may look like`(
        type: String
    ) throws {
        let hidden = "--A\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n6\r\n--A--\r\n"
        let body = Self.multipart(
            [
                "name=\"chat_id\"\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n5",
                "name=\"text\"; x=\"name\"\r\n\r\nhello",
            ], after: hidden)
        guard let arguments = try? CallArguments(query: Bytes(), body: body, type: Bytes(type)) else {
            return
        }
        guard case .raw(let sent, contentType: let sentType) = arguments.body else {
            Issue.record("not a form")
            return
        }
        let boundary = try #require(MultipartParser.boundary(ofContentType: sentType))
        let parts = try MultipartPart.parse(sent, boundary: boundary)
        #expect(parts.map(\.head.name) == ["chat_id", "text"])
        #expect(parts.map { $0.bytes.text } == [arguments["chat_id"], "hello"])
        // Telegram would take it for further arguments.
        #expect(!sent.repairedText.contains("urlencoded"))
        #expect(!sent.repairedText.contains("--A"))
    }

    @Test func `a name cannot break out of its line`() throws {
        let body = Self.multipart(["name=\"a%22; filename=%22x\"; filename*=utf-8''b%0D%0AX: y\r\n\r\nfile"])
        let arguments = try CallArguments(
            query: Bytes(), body: body, type: "multipart/form-data; boundary=B")
        guard case .raw(let sent, contentType: let type) = arguments.body else { return }
        let boundary = try #require(MultipartParser.boundary(ofContentType: type))
        let parts = try MultipartPart.parse(sent, boundary: boundary)
        #expect(parts.count == 1)
        #expect(parts.first?.head.filename == "b__X: y")
    }

    @Test(arguments: ["[1]", "7", "\"x\"", "{", "", "null"])
    func `a body that is no object is refused, and an empty one is none`(body: String) {
        if body.isEmpty {
            #expect(throws: Never.self) {
                try CallArguments(query: Bytes(), body: Bytes(), type: Self.json)
            }
        } else {
            #expect(throws: (any Error).self) {
                try CallArguments(query: Bytes(), body: Bytes(body), type: Self.json)
            }
        }
    }

    @Test(
        arguments: [
            (#"{"allowed_updates":["message","poll"]}"#, ["message", "poll"]),
            (#"{"allowed_updates":"[\"message\"]"}"#, ["message"]), (#"{"allowed_updates":[]}"#, nil),
            (#"{"allowed_updates":["a b"]}"#, nil),
        ] as [(String, [String]?)])
    func `wanted kinds are read as a list or as a text`(body: String, kinds: [String]?) throws {
        let arguments = try CallArguments(query: Bytes(), body: Bytes(body), type: Self.json)
        #expect(try #require(try AllowedUpdates.read(arguments)).kinds == kinds)
    }
}
