import Base
import Kernel
import Testing
import Wire

@testable import Bots

@Suite struct UpdateTests {
    private func read(_ text: String) throws -> Update { try Update(JSON.parse(Bytes(text)).root) }

    private func refusal(_ text: String) throws -> UpdateError? {
        let root = try JSON.parse(Bytes(text)).root
        do throws(UpdateError) {
            _ = try Update(root)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a message tells its chat, its sender and its time`() throws {
        let update = try read(
            #"{"update_id":7,"message":{"message_id":3,"date":1700000000,"chat":{"id":-100},"from":{"id":5},"text":"x"}}"#
        )
        #expect(update.id == 7)
        #expect(update.kind == "message")
        #expect((update.chat, update.sender, update.message) == (-100, 5, 3))
        #expect(update.date == Timestamp(seconds: 1_700_000_000))
    }

    @Test(
        arguments: zip(
            ["new_chat_members", "left_chat_member", "migrate_to_chat_id", "successful_payment"],
            ["member_joined", "member_left", "chat_migrated", "successful_payment"]))
    func `what a message tells of a chat has a kind of its own`(field: String, kind: String) throws {
        #expect(try read("{\"update_id\":1,\"message\":{\"chat\":{\"id\":1},\"\(field)\":1}}").kind == kind)
    }

    @Test(arguments: UpdateKind.telegram) func `every kind of Telegram's is understood`(kind: String) throws {
        let update = try read("{\"update_id\":1,\"\(kind)\":{\"chat\":{\"id\":9},\"from\":{\"id\":8}}}")
        #expect(update.kind == kind)
        #expect((update.chat, update.sender) == (9, 8))
    }

    @Test(
        arguments: zip(
            [
                #"{"update_id":1,"message":{"chat":{"id":5}},"message":{"chat":{"id":6}}}"#,
                #"{"update_id":1,"message":{"chat":{"id":5}},"edited_message":{"chat":{"id":6}}}"#,
                #"{"update_id":1,"message":{"chat":{"id":5},"chat":{"id":6}}}"#,
                #"{"update_id":1,"message":{"chat":{"id":5,"id":6}}}"#,
                #"{"update_id":1,"callback_query":{"message":{"chat":{"id":5},"chat":{"id":6}}}}"#,
            ],
            ["message", "edited_message", "message.chat", "message.chat.id", "callback_query.message.chat"]))
    func `what readers could take for two chats is refused`(text: String, field: String) throws {
        #expect(try refusal(text) == .wrong(field))
    }

    @Test func `a pressed button belongs to the chat of its message`() throws {
        let update = try read(
            #"{"update_id":1,"callback_query":{"id":"4","from":{"id":8},"message":{"message_id":2,"date":0,"chat":{"id":9}}}}"#
        )
        #expect((update.chat, update.sender, update.message) == (9, 8, 2))
    }

    @Test func `a chat that speaks for itself is the sender`() throws {
        let update = try read(
            #"{"update_id":1,"message":{"from":{"id":1087968824},"sender_chat":{"id":-5},"chat":{"id":-5}}}"#)
        #expect(update.sender == -5)
    }

    @Test(arguments: [
        "{\"update_id\":1}", "{\"update_id\":1,\"brand_new\":{\"chat\":{\"id\":\"x\"}}}",
        "{\"update_id\":0,\"x\":7}",
    ])
    func `what is not known is kept as unknown`(text: String) throws {
        #expect(try read(text).kind == UpdateKind.unknown)
    }

    @Test(
        arguments: [
            ("[]", "body"), ("7", "body"), ("{}", "body.update_id"),
            ("{\"update_id\":\"1\"}", "body.update_id"),
            ("{\"update_id\":-1}", "body.update_id"), ("{\"update_id\":1.5}", "body.update_id"),
            ("{\"update_id\":18446744073709551615}", "body.update_id"),
            ("{\"update_id\":1,\"update_id\":2}", "body.update_id"),
            ("{\"update_id\":1,\"message\":7}", "body.message"),
            ("{\"update_id\":1,\"message\":[]}", "body.message"),
            ("{\"update_id\":1,\"message\":{\"chat\":7}}", "body.message.chat.id"),
            ("{\"update_id\":1,\"message\":{\"chat\":{\"id\":\"7\"}}}", "body.message.chat.id"),
            ("{\"update_id\":1,\"message\":{\"chat\":{\"id\":9223372036854775808}}}", "body.message.chat.id"),
            ("{\"update_id\":1,\"message\":{\"from\":[]}}", "body.message.from.id"),
            ("{\"update_id\":1,\"message\":{\"date\":9223372036854775807}}", "body.message.date"),
            ("{\"update_id\":1,\"message\":{\"date\":-1}}", "body.message.date"),
            ("{\"update_id\":1,\"message\":{\"message_id\":null}}", "body.message.message_id"),
        ]) func `what Telegram would never send is refused, with the place`(text: String, field: String)
        throws
    {
        #expect(try refusal(text)?.field == field)
    }

    @Test func `ids at the edges of 64 bits are kept`() throws {
        let update = try read(
            "{\"update_id\":\(Int64.max),\"message\":{\"chat\":{\"id\":\(Int64.min)},\"from\":{\"id\":\(Int64.max)}}}"
        )
        #expect((update.id, update.chat, update.sender) == (Int64.max, Int64.min, Int64.max))
    }

    @Test func `the same update of the same bot is the same event`() throws {
        let payload = Bytes(#"{"update_id":7,"message":{"chat":{"id":1}}}"#)
        let update = try Update(JSON.parse(payload).root)
        #expect(update.draft(of: 42, payload: payload).key == update.draft(of: 42, payload: payload).key)
        #expect(update.draft(of: 42, payload: payload).key != update.draft(of: 43, payload: payload).key)
    }
}
