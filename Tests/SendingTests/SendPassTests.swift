import Base
import BotAPI
import Kernel
import Store
import StoreTesting
import Synchronization
import Testing
import Wire

@testable import Sending

@Suite struct SendPassTests {
    private func pass(
        _ house: SendHouse, _ method: String, _ body: BotAPIBody = .json(#"{"chat_id":5,"text":"x"}"#)
    ) async throws -> PassedAnswer {
        try await house.sends.pass(
            try #require(BotMethod(method)), body, bot: 42, chat: 5, owner: "key:abc")
    }

    @Test func `a message goes the way of all sends, and the answer is Telegram's`() async throws {
        try await SendHouse.open { house in
            let answer = try await pass(house, "sendMessage")
            #expect(answer.status == 200)
            #expect(answer.whole == #"{"ok":true,"result":{"message_id":1,"chat":{"id":5},"text":"x"}}"#)
            let sends = try await house.sends.core.store.page(.init(owner: "key:abc"), limit: 10)
            // The answer may come a moment before its row says so.
            _ = try await house.wait(try #require(sends.first).id, .sent)
            #expect(sends.count == 1)
        }
    }

    @Test(arguments: Backend.allCases)
    func `the event of a deletion names the messages that are gone`(backend: Backend) async throws {
        try await SendHouse.open(backend) { house in
            house.telegram.answers { _ in FakeTelegram.json(#"{"ok":true,"result":true}"#) }
            _ = try await pass(house, "deleteMessages", .json(#"{"chat_id":5,"message_ids":[7,8]}"#))
            let sends = try await house.sends.core.store.page(.init(owner: "key:abc"), limit: 10)
            let events = try await house.events(of: try #require(sends.first).id, 3)
            let sent = try #require(events.last)
            #expect(sent.content.kind == "send.sent")
            let send = try JSON.parse(try #require(sent.content.payload))["send"]
            #expect(send?["messageIds"]?.elements.map(\.string) == ["7", "8"])
            #expect(send?["method"]?.string == "deleteMessages")
        }
    }

    @Test func `what only asks goes straight to Telegram`() async throws {
        try await SendHouse.open { house in
            house.telegram.answers { _ in FakeTelegram.json(#"{"ok":true,"result":{"id":5}}"#) }
            let answer = try await pass(house, "getChat")
            #expect(answer.whole == #"{"ok":true,"result":{"id":5}}"#)
            let sends = try await house.sends.core.store.page(.init(), limit: 10)
            #expect(sends.isEmpty)
        }
    }

    @Test(arguments: ["sendMessage", "getChat"])
    func `a refusal is passed on as it came`(method: String) async throws {
        try await SendHouse.open { house in
            house.telegram.answers { _ in FakeTelegram.refusal(403, "Forbidden: bot was blocked by the user")
            }
            let answer = try await pass(house, method)
            #expect(answer.status == 403)
            #expect(
                answer.whole
                    == #"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#
            )
        }
    }

    @Test(arguments: ["sendMessage", "getChat"])
    func `without an answer there is one in Telegram's form`(method: String) async throws {
        try await SendHouse.open { house in
            house.telegram.answers { _ in FakeTelegram.json("<html>", status: 502) }
            let answer = try await pass(house, method)
            #expect(answer.status == 502)
            let json = try JSON.parse(answer.whole)
            #expect(json["ok"]?.bool == false)
            #expect(json["error_code"]?.int == 502)
        }
    }

    @Test func `a form with a file is kept until it is sent, and then dropped`() async throws {
        try await SendHouse.open { house in
            let form = Bytes([UInt8](repeating: 7, count: 300_000))
            let answer = try await pass(
                house, "sendPhoto", .raw(form, contentType: "multipart/form-data; boundary=x"))
            #expect(answer.status == 200)
            #expect(house.telegram.calls.first?.body == form)
            #expect(house.telegram.calls.first?.type == "multipart/form-data; boundary=x")
            let sends = try await house.sends.core.store.page(.init(), limit: 10)
            _ = try await house.wait(try #require(sends.first).id, .sent)
            let size = try await house.database.read { transaction in
                try await transaction.first("SELECT length(body) FROM sends") { try $0.integer(0) }
            }
            #expect(size == 0)
        }
    }

    @Test func `a streamed upload is taken whole, and refused where it is too large`() async throws {
        try await SendHouse.open(.sqlite, { $0.settings.bodyBytesMax = 1000 }) { house in
            for (count, status) in [(4, 200), (6, 413)] {
                let left = Mutex(count)
                let body = BotAPIBody.stream(contentType: "multipart/form-data; boundary=x", length: nil) {
                    left.withLock { left in
                        left -= 1
                        return left < 0 ? nil : Bytes([UInt8](repeating: 7, count: 200))
                    }
                }
                let answer = try await pass(house, "sendDocument", body)
                #expect(answer.status == status)
            }
            #expect(house.telegram.calls.map(\.body.count) == [800])
        }
    }

    @Test func `whoever waits in vain is told when to come again, and nothing happens behind their back`()
        async throws
    {
        try await SendHouse.open(.sqlite, { $0.settings.passWait = .milliseconds(300) }) { house in
            house.telegram.answers { _ in
                FakeTelegram.refusal(429, "Too Many Requests", #"{"retry_after":600}"#)
            }
            let answer = try await pass(house, "sendMessage")
            #expect(answer.status == 429)
            let json = try JSON.parse(answer.whole)
            let seconds = try #require(json["parameters"]?["retry_after"]?.int)
            #expect((500...600).contains(seconds))
            let sends = try await house.sends.core.store.page(.init(), limit: 10)
            #expect(sends.map(\.state) == [.cancelled])
        }
    }

    @Test(arguments: [
        ("sendMessage", true), ("SENDMESSAGE", true), ("sendChatAction", false), ("getMe", false),
        ("answerCallbackQuery", false), ("editMessageText", true), ("deleteMessages", true),
        ("copyMessage", true),
        ("setMyCommands", false), ("banChatMember", false), ("sendSomethingNew", true),
    ])
    func `what makes or changes messages is paced`(method: String, isPaced: Bool) throws {
        #expect(try #require(BotMethod(method)).isPaced == isPaced)
    }
}
