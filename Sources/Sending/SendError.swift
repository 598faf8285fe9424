import Wire
package import HTTPServer

/// Why a send was not taken.
package enum SendError: Error, Sendable, Equatable {
    /// The sender may not send to that chat through that bot.
    case forbidden
    /// There is no such bot.
    case unknownBot
    /// No bot was named, and it is not clear which is meant; these reach the chat.
    case unclearBot([Int64])
    /// The same key stands for another request.
    case keyReused
    /// What is to be sent is more than a send may carry.
    case tooLarge(max: Int)
    /// A field of the request is not what it must be: which, and why.
    case invalid(String, String)
    /// It is on its way or done already, and cannot be taken back.
    case notWaiting(Send)
}

extension SendError: APIErrorCause {
    /// What a client is told.
    package var apiError: APIError? {
        switch self {
        case .forbidden: APIError(.forbidden, "You may not send to this chat through this bot")
        case .unknownBot: APIError(.notFound, "There is no such bot")
        case .unclearBot(let bots):
            APIError(
                .validationFailed,
                bots.isEmpty
                    ? "No bot reaches this chat: name one" : "Several bots reach this chat: name one",
                details: ["field": "botId", "bots": .array(bots.map { .string("\($0)") })])
        case .keyReused:
            APIError(
                .conflict, "This Idempotency-Key stands for another request",
                details: ["reason": "IDEMPOTENCY_KEY_REUSED"])
        case .tooLarge(let max):
            APIError(
                .payloadTooLarge, "A send may carry \(max) bytes", details: ["limit": .integer(Int64(max))])
        case .invalid(let field, let reason):
            APIError(.validationFailed, "\(field): \(reason)", details: ["field": .string(field)])
        case .notWaiting(let send):
            APIError(
                .conflict, "The send is \(send.state.rawValue) and cannot be taken back",
                details: ["state": .string(send.state.rawValue)])
        }
    }
}
