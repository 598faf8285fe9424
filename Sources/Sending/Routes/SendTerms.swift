import Base

/// When and how something goes, whatever it is.
struct SendTerms {
    /// The bot; nil for the one that reaches the chat.
    let bot: Int64?
    private(set) var priority = SendPriority.interactive
    let notBefore: Timestamp?
    let correlation: String?
    var idempotencyKey: String?
    /// Whether the answer is to wait until it is sent, and how long.
    private(set) var waits: Duration?

    /// Less than a handler has.
    private static let waitMax: Int64 = 25

    init(_ fields: SendFields) throws(SendError) {
        bot = try fields.number("botId")
        switch try fields.text("priority") {
        case nil, "interactive": break
        case "bulk": priority = .bulk
        default: throw fields.invalid("priority", "must be interactive or bulk")
        }
        notBefore = try Self.time(fields)
        correlation = try fields.label("correlationId")
        idempotencyKey = try fields.label("idempotencyKey")
        let seconds = try fields.number("waitSeconds") ?? 10
        guard (0...Self.waitMax).contains(seconds) else {
            throw fields.invalid("waitSeconds", "must be a whole number from 0 to \(Self.waitMax)")
        }
        switch try fields.text("wait") {
        case nil, "none": break
        case "sent": waits = .seconds(seconds)
        default: throw fields.invalid("wait", "must be sent or none")
        }
    }

    private static func time(_ fields: SendFields) throws(SendError) -> Timestamp? {
        guard let text = try fields.text("sendAt") else { return nil }
        guard let time = Timestamp(rfc3339: text), time.milliseconds > 0 else {
            throw fields.invalid("sendAt", "must be a time such as 2026-01-02T03:04:05Z")
        }
        return time
    }
}
