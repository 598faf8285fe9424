/// A refusal in Telegram's own words.
struct BotError: Error, Equatable {
    var code: Int
    var description: String
    var retryAfter: Int?
    var migrateTo: Int64?

    init(_ code: Int, _ description: String) {
        self.code = code
        self.description = description
    }

    static func bad(_ words: String) -> BotError { BotError(400, "Bad Request: \(words)") }

    static func tooMany(_ seconds: Int) -> BotError {
        var error = BotError(429, "Too Many Requests: retry after \(seconds)")
        error.retryAfter = seconds
        return error
    }

    static let unauthorized = BotError(401, "Unauthorized")
    static let noMethod = BotError(404, "Not Found: method not found")
    static let webhookActive = BotError(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )
    static let otherPoller = BotError(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running")
    static let setWebhook = BotError(409, "Conflict: terminated by setWebhook request")

    /// What Telegram says to a bot where the world refuses.
    init(_ error: WorldError) {
        switch error {
        case .chatNotFound: self = .bad("chat not found")
        case .userNotFound: self = .bad("user not found")
        case .messageNotFound: self = .bad("message not found")
        case .blocked: self.init(403, "Forbidden: bot was blocked by the user")
        case .deactivated: self.init(403, "Forbidden: user is deactivated")
        case .neverStarted: self.init(403, "Forbidden: bot can't initiate conversation with a user")
        case .kicked(let kind): self.init(403, "Forbidden: bot was kicked from the \(Self.name(kind)) chat")
        case .notMember(let kind):
            self.init(403, "Forbidden: bot is not a member of the \(Self.name(kind)) chat")
        case .migrated(let target):
            self = .bad("group chat was upgraded to a supergroup chat")
            migrateTo = target
        case .notModified:
            self = .bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
            )
        case .cannotEdit: self = .bad("message can't be edited")
        case .cannotDelete: self = .bad("message can't be deleted")
        case .noRights: self = .bad("not enough rights")
        case .pollClosed: self = .bad("poll has already been closed")
        case .noSuchButton: self = .bad("BUTTON_DATA_INVALID")
        case .filesFull: self.init(500, "Internal Server Error: no room for files")
        case .fileNotFound: self = .bad("wrong file_id or the file is temporarily unavailable")
        case .tooMany(let what): self.init(500, "Internal Server Error: too many \(what)")
        case .invalid(let what): self = .bad(what)
        }
    }

    private static func name(_ kind: Chat.Kind) -> String { kind == .private ? "group" : kind.rawValue }
}
