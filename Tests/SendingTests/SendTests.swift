import Base
import BotAPI
import Kernel
import Reactor
import StoreTesting
import Synchronization
import Testing
import Wire

@testable import Sending

@Suite struct SendTests {
    @Test(arguments: Backend.allCases)
    func `a send reaches Telegram once, and each step is in the log`(backend: Backend) async throws {
        try await SendHouse.open(backend) { house in
            let send = try await house.sent(try SendHouse.draft("hello") { $0.correlation = "c-1" })
            #expect(send.state == .sent)
            #expect(send.message == 1)
            #expect(send.attempts == 1)
            #expect(send.correlation == "c-1")
            #expect(house.telegram.calls.map(\.text) == ["hello"])
            let events = try await house.events(of: send.id, 3)
            #expect(events.map(\.content.kind) == ["send.pending", "send.sending", "send.sent"])
            let last = try #require(events.last?.content)
            #expect(last.source == .bot(42) && last.chat == 5 && last.sender == 42 && last.message == 1)
            let payload = try JSONValue(JSON.parse(try #require(last.payload)).root)
            #expect(payload["send"]?["state"]?.string == "SENT")
            #expect(payload["message"]?["message_id"]?.int64 == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the same key stands for the same send`(backend: Backend) async throws {
        try await SendHouse.open(backend) { house in
            let first = try await house.sent(try SendHouse.draft("once") { $0.idempotencyKey = "k" })
            let again = try await house.sent(try SendHouse.draft("once") { $0.idempotencyKey = "k" })
            #expect(first == again)
            #expect(house.telegram.calls.count == 1)
            await #expect(throws: SendError.keyReused) {
                try await house.sent(try SendHouse.draft("other") { $0.idempotencyKey = "k" })
            }
            let other = Caller(
                userID: 8, userName: "eve", credential: .token, roles: [], permissions: [], reach: .everything
            )
            let theirs = try await house.sent(
                try SendHouse.draft("once") { $0.idempotencyKey = "k" }, by: other)
            #expect(theirs.id != first.id)
        }
    }

    @Test(arguments: Backend.allCases)
    func `of requests with one key at the same moment one is sent`(backend: Backend) async throws {
        try await SendHouse.open(backend) { house in
            let draft = try SendHouse.draft("once") { $0.idempotencyKey = "k" }
            let ids = try await withThrowingTaskGroup { group in
                for _ in 0..<20 { group.addTask { try await house.sent(draft).id } }
                return try await group.reduce(into: Set<Int64>()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(house.telegram.calls.count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a thousand sends at once all go, each chat's in order`(backend: Backend) async throws {
        try await SendHouse.open(backend) { house in
            var drafts: [SendDraft] = []
            for number in 0..<1000 {
                drafts.append(try SendHouse.draft("\(number)", to: Int64(number % 50 + 1)))
            }
            let stored = try await house.sends.submit(drafts, by: SendHouse.caller)
            for case .new(let send) in stored { _ = try await house.wait(send.id, .sent) }
            let chats = Dictionary(grouping: house.telegram.calls) { $0.chat }
            #expect(chats.count == 50)
            #expect(
                chats.values.allSatisfy { calls in
                    let numbers = calls.compactMap { $0.text.flatMap { Int($0) } }
                    return numbers.count == 20 && numbers == numbers.sorted()
                })
        }
    }

    @Test(arguments: Backend.allCases)
    func `many sends to a chat keep their order`(backend: Backend) async throws {
        try await SendHouse.open(backend) { house in
            var last: Send?
            for number in 0..<100 {
                last = try await house.sends.submit(try SendHouse.draft("\(number)"), by: SendHouse.caller)
            }
            _ = try await house.wait(try #require(last).id, .sent)
            let texts = house.telegram.calls.compactMap(\.text).joined(separator: " ")
            #expect(texts == (0..<100).map { "\($0)" }.joined(separator: " "))
        }
    }

    @Test(arguments: [
        (400, "Bad Request: chat not found", "badRequest"), (403, "Forbidden: bot was blocked", "forbidden"),
        (401, "Unauthorized", "unauthorized"),
    ])
    func `a refusal is told in Telegram's words`(status: Int, text: String, code: String) async throws {
        try await SendHouse.open { house in
            house.telegram.answers { _ in FakeTelegram.refusal(status, text) }
            let send = try await house.sent(try SendHouse.draft("x"))
            #expect(send.state == .failed)
            #expect(send.errorCode == code)
            #expect(send.error == text)
            #expect(send.status == status)
            #expect(house.refusedBots.withLock { $0 } == (status == 401 ? [42] : []))
        }
    }

    @Test func `what Telegram may have is uncertain, and never repeated`() async throws {
        try await SendHouse.open { house in
            house.telegram.answers { _ in FakeTelegram.refusal(500, "Internal Server Error: restart") }
            let send = try await house.sent(try SendHouse.draft("x"))
            #expect(send.state == .uncertain)
            #expect(house.telegram.calls.count == 1)
            let events = try await house.events(of: send.id, 3)
            #expect(events.last?.content.kind == "send.uncertain")
        }
    }

    @Test func `what may be done twice is repeated`() async throws {
        try await SendHouse.open { house in
            house.telegram.answers {
                $0.number < 3
                    ? FakeTelegram.refusal(502, "Bad Gateway")
                    : FakeTelegram.json(#"{"ok":true,"result":true}"#)
            }
            let draft = SendDraft(
                bot: 42, chat: 5, method: try #require(BotMethod("deleteMessage")),
                body: .json(#"{"chat_id":5,"message_id":3}"#))
            let send = try await house.sent(draft)
            #expect(send.state == .sent)
            #expect(send.attempts == 3)
        }
    }

    @Test(arguments: [
        ("deleteMessage", "Bad Request: message to delete not found", Send.State.uncertain),
        ("editMessageText", "Bad Request: message is not modified: it is the same", .sent),
    ])
    func `a change that may have been made is not called failed when it cannot be made again`(
        method: String, refusal: String, state: Send.State
    ) async throws {
        try await SendHouse.open { house in
            house.telegram.answers {
                $0.number == 1
                    ? FakeTelegram.refusal(502, "Bad Gateway")
                    : $0.number == 2
                        ? FakeTelegram.refusal(429, "Too Many Requests", #"{"retry_after":1}"#)
                        : FakeTelegram.refusal(400, refusal)
            }
            let draft = SendDraft(
                bot: 42, chat: 5, method: try #require(BotMethod(method)),
                body: .json(#"{"chat_id":5,"message_id":3,"text":"x"}"#))
            let send = try await house.sent(draft)
            #expect(send.state == state)
            #expect((send.errorCode == nil) == (state == .sent))
            // What was refused at once did not come about.
            #expect(try await house.sent(draft).state == .failed)
        }
    }

    @Test func `a pause that Telegram wants is kept exactly, and then the send goes`() async throws {
        try await SendHouse.open { house in
            house.telegram.answers {
                $0.number == 1
                    ? FakeTelegram.refusal(429, "Too Many Requests", #"{"retry_after":1}"#)
                    : FakeTelegram.message($0)
            }
            let send = try await house.sent(try SendHouse.draft("x"))
            #expect(send.state == .sent)
            #expect(send.attempts == 2)
            let calls = house.telegram.calls
            #expect(calls.count == 2)
            #expect(calls[1].at - calls[0].at >= 1_000_000_000)
        }
    }

    @Test func `a group that became a supergroup is followed`() async throws {
        try await SendHouse.open { house in
            house.telegram.answers {
                $0.chat == -5
                    ? FakeTelegram.refusal(400, "Bad Request: upgraded", #"{"migrate_to_chat_id":-1005}"#)
                    : FakeTelegram.message($0)
            }
            let send = try await house.sent(try SendHouse.draft("x", to: -5))
            #expect(send.state == .sent)
            #expect(send.chat == -1005)
            #expect(house.telegram.calls.map(\.chat) == [-5, -1005])
        }
    }

    @Test func `a group that became a supergroup is followed with files, too`() async throws {
        try await SendHouse.open { house in
            let upload = InputFile.Upload(name: "a", "content")
            let draft = SendDraft(bot: 42, chat: -5, MediaMessage(to: -5, .document, .upload(upload)))
            house.telegram.answers { call in
                call.number == 1
                    ? FakeTelegram.refusal(400, "Bad Request: upgraded", #"{"migrate_to_chat_id":-1005}"#)
                    : FakeTelegram.message(call)
            }
            let send = try await house.sent(draft)
            #expect(send.state == .sent)
            #expect(send.chat == -1005)
            let call = try #require(house.telegram.calls.last)
            let boundary = MultipartParser.boundary(ofContentType: Bytes(call.type ?? ""))
            let parts = try MultipartPart.parse(call.body, boundary: try #require(boundary))
            #expect(parts.map(\.bytes) == ["-1005", "content"])
        }
    }

    @Test func `a scheduled send goes when its time has come`() async throws {
        try await SendHouse.open { house in
            let (now, begin) = (Clocks.system.now, EventLoop.clock())
            func submit(_ text: String, _ span: Duration) async throws -> Send {
                try await house.sends.submit(
                    try SendHouse.draft(text) { $0.notBefore = now + span }, by: SendHouse.caller)
            }
            let (soon, late) = (
                try await submit("soon", .milliseconds(300)), try await submit("late", .seconds(3600))
            )
            #expect(soon.state == .pending && late.state == .pending)
            // Nothing waits behind what waits for its time.
            #expect(try await house.sent(try SendHouse.draft("now")).state == .sent)
            let done = try await house.wait(soon.id, .sent)
            #expect(done.updatedAt >= now + .milliseconds(300))
            let calls = house.telegram.calls
            #expect(Set(calls.map(\.text)) == ["now", "soon"] && calls.count == 2)
            let call = try #require(calls.first { $0.text == "soon" })
            // Times are kept in whole milliseconds.
            #expect(call.at - begin >= 299_000_000)
        }
    }

    @Test func `a send that waits can be taken back, one that went cannot`() async throws {
        try await SendHouse.open { house in
            let send = try await house.sends.submit(
                try SendHouse.draft("later") { $0.notBefore = Clocks.system.now + .seconds(60) },
                by: SendHouse.caller)
            let cancelled = try await house.sends.cancel(send)
            #expect(cancelled.state == .cancelled)
            let sent = try await house.sent(try SendHouse.draft("now"))
            await #expect(throws: SendError.notWaiting(sent)) { try await house.sends.cancel(sent) }
            #expect(house.telegram.calls.map(\.text) == ["now"])
        }
    }

    @Test func `who may not send is refused, and nothing is stored`() async throws {
        try await SendHouse.open { house in
            let nobody = Caller(
                userID: 9, userName: "no", credential: .token, roles: [], permissions: [], reach: .nothing)
            await #expect(throws: SendError.forbidden) {
                try await house.sends.submit(try SendHouse.draft("x"), by: nobody)
            }
            await #expect(throws: SendError.unknownBot) {
                try await house.sends.submit(try SendHouse.draft("x", bot: 3), by: SendHouse.caller)
            }
            let stored = try await house.sends.core.store.page(.init(), limit: 10)
            #expect(stored.isEmpty)
        }
    }

    @Test func `while Telegram is away everything waits, and then it goes`() async throws {
        // At an address of its own: nobody else takes the port while nobody listens there.
        var place = ""
        try await FakeTelegram.open(at: "127.83.69.78:0") { place = $0.place }
        let base = try #require(WebAddress("http://\(place)"))
        let client = try BotAPIClient(base, on: TestLoops.shared.get())
        let change: @Sendable (inout Sends.Parts) -> Void = {
            $0.client = client
            // Pauses grow while nobody is there, and how long that is depends on the machine.
            $0.settings.backOff = .milliseconds(20)...Duration.milliseconds(200)
        }
        try await SendHouse.open(.sqlite, change) { house in
            var ids: [Int64] = []
            for chat in 1...10 as ClosedRange<Int64> {
                ids.append(
                    try await house.sends.submit(try SendHouse.draft("x", to: chat), by: SendHouse.caller).id)
            }
            while try await house.sends.send(ids[0])?.errorCode != "unreachable" {
                try await Task.sleep(for: .milliseconds(2))
            }
            while house.sends.trouble == nil { try await Task.sleep(for: .milliseconds(2)) }
            try await FakeTelegram.open(at: place) { telegram in
                for id in ids { _ = try await house.wait(id, .sent) }
                #expect(Set(telegram.calls.compactMap(\.chat)) == Set(1...10))
                #expect(telegram.calls.count == 10)
                #expect(house.sends.trouble == nil)
            }
        }
        await client.shutdown()
    }
}
