import Base
@testable import Kernel
import Testing
import Wire

@testable import Streams

@Suite struct StreamRequestTests {
    @Test(arguments: [
        (#"{"action":"subscribe","chat_id":123}"#, "chat:123"),
        (#"{"action":"subscribe","chatId":"-1001234567890123"}"#, "chat:-1001234567890123"),
        (#"{"action":"subscribe","bot_id":5}"#, "bot:5"),
        (#"{"action":"subscribe","accountId":"3"}"#, "account:3"),
        (#"{"action":"subscribe","all":true}"#, "all"), (#"{"action":"unsubscribe","chat_id":1}"#, "chat:1"),
    ])
    func `a request says what it is about`(text: String, name: String) throws {
        #expect(try StreamRequest(Bytes(text)).name == name)
    }

    @Test(arguments: [
        (#"{"action":"subscribe","all":true}"#, ReadStart.now),
        (#"{"action":"subscribe","all":true,"cursor":"start"}"#, .start),
        (#"{"action":"subscribe","all":true,"cursor":"42"}"#, .after(42)),
    ])
    func `it begins where its cursor says`(text: String, start: ReadStart) throws {
        #expect(try StreamRequest(Bytes(text)).start == start)
    }

    @Test(arguments: [
        "", "null", "[]", "{}", #"{"action":"subscribe"}"#, #"{"action":"subscribe","all":false}"#,
        #"{"action":"subscribe","chat_id":1,"bot_id":2}"#, #"{"action":"destroy","all":true}"#,
        #"{"action":"subscribe","chat_id":1.5}"#, #"{"action":"subscribe","chat_id":"x"}"#,
        #"{"action":"subscribe","all":true,"cursor":"-1"}"#,
        #"{"action":"subscribe","all":true,"cursor":"later"}"#,
        #"{"action":"subscribe","all":true,"kinds":[""]}"#,
        #"{"action":"subscribe","chat_id":99999999999999999999}"#, "{\"action\":\"subscribe\",\"all\":true",
    ])
    func `what is no request is refused with words`(text: String) {
        #expect(throws: StreamRequest.Mistake.self) { try StreamRequest(Bytes(text)) }
    }

    @Test func `an event whose payload is no JSON has none`() throws {
        for (payload, isKept) in [(#"{"a":1}"#, true), ("not JSON", false), ("", false), ("{} {}", false)] {
            var writer = JSONWriter()
            let draft = EventDraft(source: .bot(1), kind: "message", chat: 7, payload: Bytes(payload))
            Event(position: 3, recordedAt: Timestamp(seconds: 0), sequence: 2, draft).write(to: &writer)
            let view = try JSON.parse(writer.finish()).root
            #expect((view["payload"]?.kind == .object) == isKept)
            #expect(view["cursor"]?.string == "3" && view["chatId"]?.string == "7")
        }
    }
}
