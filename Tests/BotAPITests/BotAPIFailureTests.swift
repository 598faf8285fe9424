import Base
import BotAPI
import HTTPServer
import Reactor
import Testing
import Wire

@Suite struct BotAPIFailureTests {
    struct Refusal: Sendable {
        let number: Int
        let code: BotAPIError.Code
        let text: String
        var mayHaveBeenSent = false
    }

    @Test(arguments: [
        Refusal(number: 400, code: .badRequest, text: "Bad Request: chat not found"),
        Refusal(number: 401, code: .unauthorized, text: "Unauthorized"),
        Refusal(number: 403, code: .forbidden, text: "Forbidden: bot was blocked by the user"),
        Refusal(number: 404, code: .notFound, text: "Not Found: method not found"),
        Refusal(number: 409, code: .conflict, text: "Conflict: terminated by other getUpdates request"),
        Refusal(number: 413, code: .tooLarge, text: "Request Entity Too Large"),
        Refusal(number: 421, code: .badRequest, text: "Misdirected Request: unallowed token specified"),
        Refusal(number: 500, code: .server, text: "Internal Server Error: restart", mayHaveBeenSent: true),
        Refusal(number: 502, code: .server, text: "Bad Gateway", mayHaveBeenSent: true),
    ])
    func `each refusal is told by its kind, with Telegram's words`(_ refusal: Refusal) async throws {
        let json = #"{"ok":false,"error_code":\#(refusal.number),"description":"\#(refusal.text)"}"#
        try await FakeBotAPI.open(json, status: refusal.number) { fake in
            let error = try await fake.failure()
            #expect(error.code == refusal.code)
            #expect(error.status == refusal.number)
            #expect(error.description == refusal.text)
            #expect(error.mayHaveBeenSent == refusal.mayHaveBeenSent)
            #expect(error.whole == Bytes(json))
            #expect(error.retryAfter == nil)
        }
    }

    @Test func `too many requests say how long to be silent`() async throws {
        let json =
            #"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":5}}"#
        try await FakeBotAPI.open(json, status: 429, fields: ["retry-after": "9"]) { fake in
            let error = try await fake.failure()
            #expect(error.code == .tooManyRequests)
            #expect(error.retryAfter == .seconds(5))
            #expect(!error.mayHaveBeenSent)
        }
    }

    @Test(arguments: [("9", 9), ("-3", 0), ("9223372036854775807", 10_000_000), ("soon", 1)])
    func `without the parameter the field says it, within bounds`(field: String, seconds: Int) async throws {
        let json = #"{"ok":false,"error_code":429,"description":"Too Many Requests"}"#
        try await FakeBotAPI.open(json, status: 429, fields: ["retry-after": field]) { fake in
            let error = try await fake.failure()
            #expect(error.retryAfter == .seconds(seconds))
        }
    }

    @Test func `a group that became a supergroup says which`() async throws {
        let json = """
            {"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat",\
            "parameters":{"migrate_to_chat_id":-1001234567890}}
            """
        try await FakeBotAPI.open(json, status: 400) { fake in
            let error = try await fake.failure()
            #expect(error.code == .chatMigrated)
            #expect(error.migrateTo == -1_001_234_567_890)
        }
    }

    @Test(arguments: [
        "", "garbage", "{", "[]", "null", "{}", #"{"ok":1,"result":true}"#, #"{"ok":true}"#,
        "{\"ok\":true,\"result\":\"\u{1}\"}", "<html></html>",
    ])
    func `garbage is a malformed answer to what may have been done`(text: String) async throws {
        try await FakeBotAPI.open(text) { fake in
            let error = try await fake.failure()
            #expect(error.code == .malformedAnswer)
            #expect(error.mayHaveBeenSent)
        }
    }

    @Test func `an answer as deep as the sea is malformed`() async throws {
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        try await FakeBotAPI.open(#"{"ok":true,"result":\#(deep)}"#) { fake in
            let error = try await fake.failure()
            #expect(error.code == .malformedAnswer)
        }
    }

    @Test(arguments: [
        (502, BotAPIError.Code.server), (429, .tooManyRequests), (413, .tooLarge), (404, .notFound),
    ])
    func `a proxy's page is understood by its status`(status: Int, code: BotAPIError.Code) async throws {
        try await FakeBotAPI.open("<html>nginx</html>", status: status) { fake in
            let error = try await fake.failure()
            #expect(error.code == code)
            #expect(error.status == status)
            #expect(error.whole == nil)
            #expect(error.mayHaveBeenSent == (status == 502))
        }
    }

    @Test func `an answer that is too large is cut off`() async throws {
        try await FakeBotAPI.open({ _ in
            .stream { writer in
                let piece = Bytes([UInt8](repeating: 0x20, count: 1 << 20))
                for _ in 0..<40 { try await writer.write(piece) }
            }
        }) { fake in
            let error = try await fake.failure()
            #expect(error.code == .malformedAnswer)
            #expect(error.mayHaveBeenSent)
        }
    }

    @Test func `an answer that breaks off leaves it open what was done`() async throws {
        struct Cut: Error {}
        try await FakeBotAPI.open({ _ in
            .stream(length: 1000) { writer in
                try await writer.write(#"{"ok":true,"#)
                throw Cut()
            }
        }) { fake in
            let error = try await fake.failure()
            #expect(error.code == .unreachable)
            #expect(error.mayHaveBeenSent)
        }
    }

    @Test func `no answer in time leaves it open what was done`() async throws {
        let (stream, end) = AsyncStream.makeStream(of: Void.self)
        try await FakeBotAPI.open({ _ in
            for await _ in stream {}
            return FakeBotAPI.json("{}")
        }) { fake in
            let error = try await fake.failure(timeout: .seconds(5))
            #expect(error.code == .timeout)
            #expect(error.mayHaveBeenSent)
            end.finish()
        }
    }

    @Test func `nobody there means that nothing was sent`() async throws {
        let loops = try EventLoopGroup(count: 1)
        defer { loops.shutdown() }
        let token = try #require(FakeBotAPI.token)
        let base = try #require(WebAddress("http://127.0.0.1:1"))
        let client = try BotAPIClient(base, on: loops)
        let error = await #expect(throws: BotAPIError.self) { try await client.call("getMe", as: token) }
        #expect(error?.code == .unreachable)
        #expect(error?.mayHaveBeenSent == false)
        #expect("\(String(reflecting: error))".contains("AAFake") == false)
        await client.shutdown()
    }

    @Test func `a cancelled call ends at once`() async throws {
        let (stream, end) = AsyncStream.makeStream(of: Void.self)
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        try await FakeBotAPI.open({ _ in
            arrival.yield()
            for await _ in stream {}
            return FakeBotAPI.json("{}")
        }) { fake in
            async let error = fake.failure()
            for await _ in arrived { break }
            await fake.client.shutdown()
            let code = try await error.code
            #expect(code == .cancelled)
            end.finish()
        }
    }

    @Test func `a token that a server repeats is masked`() async throws {
        let json = #"{"ok":false,"error_code":400,"description":"no 42:AAFake-Token_0123456789 here 42:AA"}"#
        try await FakeBotAPI.open(json, status: 400) { fake in
            let error = try await fake.failure()
            #expect(error.description == "no 42:••• here 42:AA")
            #expect(error.whole?.repairedText.contains("AAFake") == false)
            var dumped = ""
            dump(error, to: &dumped)
            #expect(!dumped.contains("AAFake"))
        }
    }
}
