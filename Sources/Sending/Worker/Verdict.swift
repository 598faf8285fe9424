import Base
import BotAPI
import Wire

/// What is made of Telegram's answer to an attempt.
///
/// Repeated is only what cannot have happened, or may happen twice: a refusal for being too fast, a connection that
/// never came about, and changes of messages, which are the same when they are done twice. Of a message that Telegram may
/// have (no answer in time, a connection that broke off, any 5xx) nobody can tell, for bots cannot look: it is UNCERTAIN.
/// Neither can of a change that is refused once it may have been made before: what is deleted cannot be deleted again.
enum Verdict: Equatable {
    /// Telegram has it.
    case sent
    /// It will not come about.
    case failed
    /// Nobody can tell.
    case uncertain
    /// Again, after a pause of the chat.
    case again(after: Duration, pause: PauseScope)
    /// Again, to the chat that the group became.
    case follow(to: Int64)

    /// For what Telegram, or the way to it, is not ready.
    enum PauseScope: Equatable {
        /// This send alone.
        case send
        /// The chat, by Telegram's word; the bot, should other chats be silent already.
        case chat
        /// Everything of the bot, by Telegram's word.
        case bot
        /// Everything of the bot, because the way to Telegram is shut.
        case way
    }

    init(_ error: BotAPIError, of send: Send, hasMigrated: Bool, _ settings: SendSettings) {
        let isMessage = send.messageCount > 0
        switch error.code {
        case .tooManyRequests:
            // Telegram does not say of whom it speaks. In groups it is the group's limit as a rule, elsewhere the bot's.
            let isGroup = send.chat.map { $0 < 0 } ?? false
            self = .again(after: error.retryAfter ?? .seconds(1), pause: isGroup ? .chat : .bot)
        case .chatMigrated:
            if let chat = error.migrateTo, !hasMigrated { self = .follow(to: chat) } else { self = .failed }
        case .badRequest where !isMessage && send.mayBeDone && error.isNotModified: self = .sent
        case .badRequest where !isMessage && send.mayBeDone, .notFound where !isMessage && send.mayBeDone:
            self = .uncertain
        case .badRequest, .unauthorized, .forbidden, .notFound, .conflict, .tooLarge, .badCall: self = .failed
        case .unreachable, .timeout, .cancelled, .server, .malformedAnswer:
            if !error.mayHaveBeenSent {
                self = .again(after: settings.backOff(send.attempts), pause: .way)
            } else if !isMessage, send.attempts < settings.attemptsMax {
                self = .again(after: settings.backOff(send.attempts), pause: .send)
            } else {
                self = .uncertain
            }
        }
    }
}

extension BotAPIError {
    /// Whether Telegram has a message already as it is to be.
    fileprivate var isNotModified: Bool { description.contains("message is not modified") }
}

extension SendStore.Ending {
    /// It came about, though Telegram's last word on it is an error.
    init(_ state: Send.State, _ error: BotAPIError) {
        self.init(state: state, status: error.status, answer: error.whole)
    }

    /// Telegram has it.
    init(_ answer: BotAPIAnswer) {
        self.init(
            state: .sent, status: answer.status, answer: answer.whole,
            message: Self.message(in: answer.result))
    }

    /// It failed, or may have.
    init(_ error: BotAPIError, _ state: Send.State) {
        self.init(
            state: state, status: error.status, answer: error.whole, errorCode: error.code.rawValue,
            error: error.description)
    }

    /// The number of the message, or of the first of several.
    private static func message(in result: Bytes) -> Int64? {
        do throws(JSONError) {
            let root = try JSON.parse(result, limits: JSONLimits(depthMax: 256)).root
            return (root["message_id"] ?? root[0]?["message_id"])?.int64
        } catch {
            return nil
        }
    }
}
