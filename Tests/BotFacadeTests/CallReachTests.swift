import Base
import HTTPServer
import Kernel
import Testing

@testable import BotFacade

@Suite struct CallReachTests {
    private static let bot = Source.bot(42)

    /// A key for the whole bot, or for chat 5 alone.
    private func key(
        wholeBot: Bool, _ permissions: Set<Permission> = [.chatsRead, .chatsSend]
    ) -> Caller {
        let scope: EventFilter.Scope = wholeBot ? .source(Self.bot) : .chat(5)
        let bounds = ChatReach.Bounds([scope])
        return Caller(
            userID: 1, userName: "ada", keyID: "k", credential: .key, roles: [], permissions: permissions,
            reach: ChatReach(read: bounds, send: bounds, manage: .nothing))
    }

    private func isAllowed(_ method: String, _ json: String, _ caller: Caller) throws -> Bool {
        let arguments = try CallArguments(query: Bytes(), body: Bytes(json), type: "application/json")
        do {
            try CallReach.check(method, arguments, caller, Self.bot)
            return true
        } catch {
            #expect(error.code == .forbidden)
            return false
        }
    }

    @Test(arguments: [
        #"{"chat_id":5,"photo":"file:///etc/passwd"}"#, #"{"chat_id":5,"document":"FILE:/etc/passwd"}"#,
        #"{"chat_id":5,"media":[{"type":"photo","media":"file:///etc/passwd"}]}"#,
        #"{"chat_id":5,"media":"[{\"type\":\"photo\",\"media\":\"file:///etc/passwd\"}]"}"#,
        #"{"chat_id":5,"media":"[{\"media\":\"\\u0066ile:///etc/passwd\"}]"}"#,
        #"{"chat_id":5,"photo":" file:///etc/passwd"}"#, #"{"chat_id":5,"Photo":"file:///etc/passwd"}"#,
        #"{"chat_id":5,"video":"x","thumbnail":"file:///etc/passwd"}"#,
        #"{"photo":{"type":"static","photo":"file:///etc/passwd"}}"#,
    ])
    func `files on the disk of a Bot API server are nobody's to send`(json: String) throws {
        #expect(try !isAllowed("sendPhoto", json, key(wholeBot: true)))
    }

    @Test(arguments: [
        #"{"chat_id":5,"text":"file:///etc/passwd"}"#,
        #"{"chat_id":5,"caption":"file: it","photo":"AgACid"}"#,
        #"{"chat_id":5,"text":"x","reply_markup":{"inline_keyboard":[[{"text":"x","callback_data":"file:1"}]]}}"#,
        #"{"chat_id":5,"media":[{"type":"photo","media":"attach://file:","caption":"file:1"}]}"#,
    ])
    func `texts and buttons may say what they like`(json: String) throws {
        #expect(try isAllowed("sendMessage", json, key(wholeBot: true)))
    }

    @Test(arguments: [
        ("sendMessage", #"{"chat_id":5}"#, true), ("SENDMESSAGE", #"{"chat_id":"5"}"#, true),
        ("sendMessage", #"{"chat_id":6}"#, false), ("sendMessage", #"{"chat_id":"@channel"}"#, false),
        ("sendMessage", "{}", false), ("sendMessage", #"{"chat_id":null}"#, false),
        ("sendMessage", #"{"chat_id":5.0}"#, false), ("sendMessage", #"{"Chat_id":5}"#, true),
        ("copyMessage", #"{"chat_id":5,"from_chat_id":5}"#, true),
        ("copyMessage", #"{"chat_id":5,"from_chat_id":6}"#, false),
        ("sendMessage", #"{"chat_id":5,"reply_parameters":{"message_id":1,"chat_id":6}}"#, false),
        ("sendMessage", #"{"chat_id":5,"reply_parameters":"{\"message_id\":1,\"chat_id\":\"6\"}"}"#, false),
        ("sendMessage", #"{"chat_id":5,"reply_parameters":{"message_id":1,"chat_id":5}}"#, true),
        ("editMessageText", #"{"chat_id":5,"message_id":1}"#, true),
        ("editMessageText", #"{"inline_message_id":"x"}"#, false),
        ("editMessageText", #"{"chat_id":5,"inline_message_id":"x"}"#, false),
        ("getChat", #"{"chat_id":5}"#, true), ("getChat", #"{"chat_id":6}"#, false),
        ("getMe", "{}", true), ("answerCallbackQuery", #"{"callback_query_id":"1"}"#, true),
        ("answerInlineQuery", #"{"inline_query_id":"1"}"#, false),
        // What does not go by the chat is not reached by naming one.
        ("setMyName", #"{"chat_id":5,"name":"x"}"#, false),
        ("getFile", #"{"chat_id":5,"file_id":"x"}"#, false),
        ("sendGift", #"{"chat_id":5,"user_id":7}"#, false),
        ("deleteMyCommands", #"{"chat_id":5}"#, false), ("getStarTransactions", #"{"chat_id":5}"#, false),
        ("deleteBusinessMessages", #"{"chat_id":5,"business_connection_id":"x"}"#, false),
        ("refundStarPayment", #"{"chat_id":5,"user_id":7}"#, false),
        ("someNewMethod", #"{"chat_id":5}"#, false),
    ])
    func `a key for one chat acts on that chat and on nothing else`(
        method: String, json: String, isIt: Bool
    ) throws {
        #expect(try isAllowed(method, json, key(wholeBot: false)) == isIt)
    }

    @Test(arguments: [
        "setMyName", "getFile", "sendMessage", "sendGift", "someNewMethod", "answerInlineQuery",
    ])
    func `a key for the whole bot may do everything with it`(method: String) throws {
        #expect(try isAllowed(method, #"{"chat_id":6}"#, key(wholeBot: true)))
    }

    @Test(arguments: [
        "setWebhook", "deleteWebhook", "getWebhookInfo", "getUpdates", "logOut", "LOGOUT", "close",
        "getManagedBotToken", "replaceManagedBotToken",
    ])
    func `nobody has done what would take the bot from the gateway`(method: String) throws {
        #expect(try !isAllowed(method, "{}", key(wholeBot: true)))
    }

    @Test(arguments: [
        ("getChat", true), ("sendMessage", false), ("answerCallbackQuery", false), ("foo", false),
    ])
    func `a key that only reads only reads`(method: String, isIt: Bool) throws {
        #expect(try isAllowed(method, #"{"chat_id":5}"#, key(wholeBot: false, [.chatsRead])) == isIt)
    }

    @Test func `a key that only sends quotes nothing from other chats`() throws {
        let key = key(wholeBot: true, [.chatsSend])
        #expect(try isAllowed("sendMessage", #"{"chat_id":5}"#, key))
        #expect(try !isAllowed("getChat", #"{"chat_id":5}"#, key))
        #expect(try !isAllowed("forwardMessage", #"{"chat_id":5,"from_chat_id":6}"#, key))
    }
}
