import Base
import Wire

/// What the door keeps of a bot.
struct BotState: Sendable {
    let id: Int64
    var token: String
    var updates: UpdateQueue
    var nextUpdateID: Int64
    /// The kinds of updates it wants; nil is what all get that have not chosen.
    var allowed: Set<String>?
    var webhook: Webhook?
    /// The webhook's number, so that whoever delivers to an older one notices.
    var generation = 0
    /// Whoever waits for updates.
    var poller: PollWaiter?
    var lastWebhookCall: Moment?
    /// Commands by scope and language.
    var commands: [String: JSONValue] = [:]
    var isLoggedOut = false

    /// What a bot gets that has not chosen.
    static let kinds: Set<String> = [
        "message", "edited_message", "channel_post", "edited_channel_post", "inline_query",
        "chosen_inline_result", "callback_query", "shipping_query", "pre_checkout_query", "poll",
        "poll_answer",
        "my_chat_member", "chat_join_request", "chat_boost", "removed_chat_boost", "business_connection",
        "business_message", "edited_business_message", "deleted_business_messages", "purchased_paid_media",
    ]
    /// What it gets only when it asks.
    static let rareKinds: Set<String> = ["chat_member", "message_reaction", "message_reaction_count"]

    func wants(_ kind: String) -> Bool { (allowed ?? Self.kinds).contains(kind) }

    /// Takes in the kinds that a bot asks for; without any that is known it gets what all get.
    mutating func choose(_ kinds: JSONValue?) {
        guard let kinds = kinds?.array else { return }
        let known = Set(kinds.compactMap(\.string)).intersection(Self.kinds.union(Self.rareKinds))
        allowed = known.isEmpty ? nil : known
    }

    /// How many updates wait.
    var pendingCount: Int { webhook?.lanes.values.reduce(0) { $0 + $1.updates.count } ?? updates.count }
}

/// Where a bot's updates are sent to.
struct Webhook: Sendable {
    /// Updates that keep their order.
    struct Lane: Sendable {
        var updates: UpdateQueue
        /// Whether somebody delivers from it.
        var isRunning = false
    }

    let url: String
    let secret: String?
    let connectionsMax: Int
    let ipAddress: String?
    let hasCertificate: Bool
    let slots: Slots
    var lanes: [Int64: Lane] = [:]
    var lastError: (date: Int64, message: String)?
    /// Since when the other side has said that it is gone for good.
    var goneSince: Int64?

    /// Whether that is the same place, so that setting it again changes nothing.
    func isSame(_ other: Webhook) -> Bool {
        url == other.url && secret == other.secret && connectionsMax == other.connectionsMax
            && ipAddress == other.ipAddress && hasCertificate == other.hasCertificate
    }
}
