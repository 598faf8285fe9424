import Base
import BotAPI
import HTTPServer
import Testing
import Wire

@Suite struct BotAPIClientTests {
    private let token: BotToken

    init() throws { token = try #require(FakeBotAPI.token) }

    @Test func `a call gives Telegram's answer as it came, and its result`() async throws {
        let json = #"{"ok":true, "result":{"message_id": 7},"description":"Done"}"#
        try await FakeBotAPI.open(json) { fake in
            let answer = try await fake.client.call(
                "sendMessage", .json(#"{"chat_id":1,"text":"x"}"#), as: token)
            #expect(answer.whole == Bytes(json))
            #expect(answer.result == #"{"message_id": 7}"#)
            #expect(answer.description == "Done")
            #expect(fake.calls.map(\.path) == ["/bot42:AAFake-Token_0123456789/sendMessage"])
            #expect(fake.calls.first?.body == #"{"chat_id":1,"text":"x"}"#)
            #expect(fake.calls.first?.fields["content-type"] == "application/json")
        }
    }

    @Test func `a streamed body arrives whole, with its type`() async throws {
        try await FakeBotAPI.open(#"{"ok":true,"result":true}"#) { fake in
            let pieces = Pieces(["one ", "two ", "three"])
            let body = BotAPIBody.stream(contentType: "text/x", length: 13, next: { await pieces.next() })
            _ = try await fake.client.call("sendDocument", body, as: token)
            #expect(fake.calls.first?.body == "one two three")
            #expect(fake.calls.first?.fields["content-type"] == "text/x")
        }
    }

    @Test(arguments: [
        "", "get/Me", "getMe?x=1", "getMe#", "../x", "get me", "gét", String(repeating: "a", count: 65),
    ])
    func `what is no method's name is never sent`(method: String) async throws {
        try await FakeBotAPI.open(#"{"ok":true,"result":true}"#) { fake in
            let error = try await fake.failure(method)
            #expect(error.code == .badCall)
            #expect(!error.mayHaveBeenSent)
            #expect(fake.calls.isEmpty)
        }
    }

    @Test func `a thousand calls that wait leave room for another`() async throws {
        let gate = Barrier()
        try await FakeBotAPI.open({ call in
            if call.path.hasSuffix("getUpdates") { await gate.wait(for: 1000) }
            return FakeBotAPI.json(#"{"ok":true,"result":[]}"#)
        }) { fake in
            try await withThrowingTaskGroup { group in
                for _ in 0..<1000 {
                    group.addTask { [token] in
                        _ = try await fake.client.getUpdates(
                            offset: nil, timeout: .seconds(50), allowedUpdates: nil, as: token)
                    }
                }
                await gate.waitForArrivals(1000)
                _ = try await fake.client.call("sendMessage", as: token)
                await gate.open()
                try await group.waitForAll()
            }
        }
    }

    @Test func `calls are counted by method and outcome, unknown methods as one`() async throws {
        try await FakeBotAPI.open({ call in
            call.path.hasSuffix("sendMessage")
                ? FakeBotAPI.json(#"{"ok":false,"error_code":403,"description":"Forbidden"}"#, status: 403)
                : FakeBotAPI.json(#"{"ok":true,"result":1}"#)
        }) { fake in
            _ = try await fake.failure("sendmessage")
            _ = try await fake.client.call("somethingNew", as: token)
            _ = try await fake.client.call("somethingNewer", as: token)
            let text = MetricText.prometheus.render(fake.metrics.snapshots()).repairedText
            #expect(text.contains(#"botapi_requests_total{method="sendMessage",outcome="forbidden"} 1"#))
            #expect(text.contains(#"botapi_requests_total{method="other",outcome="ok"} 2"#))
            #expect(!text.contains("something"))
            #expect(!text.contains("AAFake"))
        }
    }

    @Test func `a bot tells who it is`() async throws {
        let json = """
            {"ok":true,"result":{"id":42,"is_bot":true,"first_name":"Helper","username":"helper_bot",
            "can_join_groups":true,"can_read_all_group_messages":false,"supports_inline_queries":true}}
            """
        try await FakeBotAPI.open(json) { fake in
            let bot = try await fake.client.getMe(as: token)
            #expect(bot.id == 42)
            #expect(bot.username == "helper_bot")
            #expect(bot.firstName == "Helper")
            #expect(bot.canJoinGroups && !bot.canReadAllGroupMessages && bot.supportsInlineQueries)
        }
    }

    @Test func `updates come one by one, as they were sent`() async throws {
        let json = #"{"ok":true,"result":[{"update_id":1,"message":{"text":"a \u00e9"}}, {"update_id":2}]}"#
        try await FakeBotAPI.open(json) { fake in
            let updates = try await fake.client.getUpdates(
                offset: 1, limit: 10, timeout: .seconds(3), allowedUpdates: ["message"], as: token)
            #expect(updates == [#"{"update_id":1,"message":{"text":"a \u00e9"}}"#, #"{"update_id":2}"#])
            #expect(
                fake.calls.first?.body
                    == #"{"offset":1,"limit":10,"timeout":3,"allowed_updates":["message"]}"#)
        }
    }

    @Test func `a webhook is set with its secret, and told about`() async throws {
        let info = """
            {"ok":true,"result":{"url":"https://x/y","has_custom_certificate":false,"pending_update_count":3,
            "last_error_date":1700000000,"last_error_message":"Wrong response","allowed_updates":["poll"]}}
            """
        try await FakeBotAPI.open(info) { fake in
            try await fake.client.setWebhook(
                "https://x/y", secretToken: Secret("s3"), maxConnections: 4, allowedUpdates: ["poll"],
                as: token)
            #expect(
                fake.calls.first?.body
                    == #"{"url":"https://x/y","secret_token":"s3","max_connections":4,"allowed_updates":["poll"]}"#
            )
            try await fake.client.deleteWebhook(as: token)
            let webhook = try await fake.client.getWebhookInfo(as: token)
            #expect(webhook.url == "https://x/y")
            #expect(webhook.pendingUpdateCount == 3)
            #expect(webhook.lastErrorDate == Timestamp(milliseconds: 1_700_000_000_000))
            #expect(webhook.lastErrorMessage == "Wrong response")
            #expect(webhook.allowedUpdates == ["poll"])
        }
    }

    @Test(arguments: [#"[]"#, #"{"id":"42"}"#, "7", "null"])
    func `a result that is no bot is a malformed answer`(result: String) async throws {
        try await FakeBotAPI.open(#"{"ok":true,"result":\#(result)}"#) { fake in
            await #expect(throws: BotAPIError.self) { try await fake.client.getMe(as: token) }
        }
    }

    @Test func `a file is found`() async throws {
        let json =
            #"{"ok":true,"result":{"file_id":"A","file_unique_id":"B","file_size":9,"file_path":"p/f.jpg"}}"#
        try await FakeBotAPI.open(json) { fake in
            let file = try await fake.client.getFile("A", as: token)
            #expect(file.id == "A")
            #expect(file.path == "p/f.jpg")
            #expect(file.size == 9)
            let chat = try await fake.client.getChat(-5, as: token)
            #expect(chat.repairedText.contains("file_id"))
            #expect(fake.calls.last?.body == #"{"chat_id":-5}"#)
        }
    }
}

/// The pieces of a body, one after the other.
private actor Pieces {
    private var left: [Bytes]
    init(_ pieces: [Bytes]) { left = pieces }
    func next() -> Bytes? { left.isEmpty ? nil : left.removeFirst() }
}

/// Holds callers until it is opened, and tells when so many are held.
private actor Barrier {
    private var held: [CheckedContinuation<Void, Never>] = []
    private var isOpen = false
    private var watcher: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    func wait(for count: Int) async {
        guard !isOpen else { return }
        await withCheckedContinuation { continuation in
            held.append(continuation)
            if let watcher, held.count >= watcher.count {
                self.watcher = nil
                watcher.continuation.resume()
            }
        }
    }

    func waitForArrivals(_ count: Int) async {
        guard held.count < count else { return }
        await withCheckedContinuation { watcher = (count, $0) }
    }

    func open() {
        isOpen = true
        for continuation in held { continuation.resume() }
        held = []
    }
}
