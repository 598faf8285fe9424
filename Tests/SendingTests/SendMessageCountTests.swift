import Base
import BotAPI
import Testing

@testable import Sending

@Suite struct SendMessageCountTests {
    private static let form: Bytes =
        "--x\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\n[{},{}]\r\n--x--\r\n"

    @Test(arguments: [
        ("sendMessage", SendDraft.Body.json(#"{"text":"x"}"#), 1), ("editMessageText", .json("{}"), 0),
        ("deleteMessages", .json(#"{"message_ids":[1,2]}"#), 0),
        ("sendMediaGroup", .json(#"{"media":[{},{},{}]}"#), 3),
        ("sendMediaGroup", .json(#"{"media":"[{},{}]"}"#), 2),
        ("sendMediaGroup", .json(#"{"media":7}"#), 1), ("sendMediaGroup", .json("garbage"), 1),
        ("sendMediaGroup", .form(form, contentType: "multipart/form-data; boundary=x"), 2),
        (
            "sendMediaGroup",
            .form("media=%5B1%2C2%5D&x=1", contentType: "application/x-www-form-urlencoded"), 2
        ),
        ("forwardMessages", .json(#"{"message_ids":[1,2,3,4]}"#), 4),
        ("copyMessages", .form("message_ids=[1]", contentType: "application/x-www-form-urlencoded"), 1),
    ])
    func `each message that comes of a send counts`(method: String, body: SendDraft.Body, count: Int) throws {
        let draft = SendDraft(bot: 1, chat: 1, method: try #require(BotMethod(method)), body: body)
        #expect(draft.messageCount == count)
    }

    private static let urlencoded: Bytes = "application/x-www-form-urlencoded"

    @Test(arguments: [
        ("deleteMessage", SendDraft.Body.json(#"{"chat_id":5,"message_id":7}"#), [7]),
        ("DELETEMESSAGE", .json(#"{"message_id":"7"}"#), [7]),
        ("deleteMessages", .json(#"{"message_ids":[7,8]}"#), [7, 8]),
        ("deleteMessages", .json(#"{"message_ids":"[7,8]"}"#), [7, 8]),
        ("deleteMessages", .form("message_ids=%5B7%2C8%5D", contentType: urlencoded), [7, 8]),
        ("deleteMessage", .form("message_id=7", contentType: urlencoded), [7]),
        ("deleteMessages", .json(#"{"message_ids":7}"#), []), ("deleteMessage", .json("garbage"), []),
        ("deleteMessage", .json(#"{"message_id":"x"}"#), []),
        ("sendMessage", .json(#"{"message_id":7}"#), []),
    ])
    func `a deletion says which messages it means`(
        method: String, body: SendDraft.Body, numbers: [Int64]
    ) throws {
        let draft = SendDraft(bot: 1, chat: 1, method: try #require(BotMethod(method)), body: body)
        #expect(draft.deletedMessages == numbers)
    }
}
