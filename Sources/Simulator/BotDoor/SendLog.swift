import Base
import Wire

/// Every message that bots have sent, in order, up to a number.
struct SendLog: Sendable {
    /// One accepted send.
    struct Entry: Sendable {
        let number: Int
        let milliseconds: Int64
        let bot: Int64
        let method: String
        let chat: Int64
        let messageID: Int
        let text: String
        let marker: String?
    }

    private var entries: [Entry] = []
    private let max: Int
    private var dropped = 0
    private(set) var markers: [String: Int] = [:]
    /// Calls by the name of the method.
    private(set) var calls: [String: Int] = [:]
    /// Answers by status.
    private(set) var statuses: [Int: Int] = [:]
    private(set) var updateCount = 0
    private(set) var deliveredCount = 0
    private(set) var failedDeliveryCount = 0

    init(max: Int) { self.max = max }

    /// How many sends were accepted.
    var count: Int { dropped + entries.count }

    mutating func append(
        _ message: Message, method: String, bot: Int64, milliseconds: Int64
    ) {
        let text = message.content.words
        let marker = Self.marker(in: text)
        if let marker, markers.count < max { markers[marker, default: 0] += 1 }
        entries.append(
            Entry(
                number: count + 1, milliseconds: milliseconds, bot: bot, method: method,
                chat: message.peer.id(seenBy: bot), messageID: message.id(seenBy: bot),
                text: String(text.prefix(200)), marker: marker))
        guard entries.count > max else { return }
        dropped += max / 2
        entries.removeFirst(max / 2)
    }

    mutating func count(call method: String, status: Int) {
        calls[method, default: 0] += 1
        statuses[status, default: 0] += 1
    }

    mutating func countUpdate() { updateCount += 1 }

    mutating func countDelivery(_ succeeded: Bool) {
        if succeeded { deliveredCount += 1 } else { failedDeliveryCount += 1 }
    }

    /// The sends behind a number.
    func after(_ number: Int, limit: Int, where matches: (Entry) -> Bool) -> [Entry] {
        let start = Swift.min(Swift.max(0, number - dropped), entries.count)
        return Array(entries[start...].lazy.filter(matches).prefix(limit))
    }

    /// The word behind `marker:`, by which a test recognises what it had sent.
    private static func marker(in text: String) -> String? {
        guard let start = text.firstRange(of: "marker:")?.upperBound else { return nil }
        let word = text[start...].prefix { !$0.isWhitespace }
        return word.isEmpty || word.utf8.count > 100 ? nil : String(word)
    }
}

/// What bots have answered to pressed buttons and to questions; the oldest are forgotten.
struct AnswerTable: Sendable {
    private var answers: [Int64: JSONValue] = [:]
    private var order: [Int64] = []

    subscript(query: Int64) -> JSONValue? { answers[query] }

    mutating func set(_ query: Int64, _ answer: JSONValue) {
        if answers.updateValue(answer, forKey: query) == nil { order.append(query) }
        guard order.count > 20_000 else { return }
        for old in order.prefix(10_000) { answers[old] = nil }
        order.removeFirst(10_000)
    }
}
