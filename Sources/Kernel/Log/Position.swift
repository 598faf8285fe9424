/// A place in the log.
///
/// Positions are given in the order of commits, without gaps, from 1.
package struct Position: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral, CustomStringConvertible
{
    /// The place, counted from 1.
    ///
    package let number: Int64

    /// The place with a number; zero is before the first.
    package init(_ number: Int64) { self.number = number }
    /// The place with a number.
    package init(integerLiteral number: Int64) { self.number = number }

    /// Before every event.
    package static let zero: Position = 0

    /// Whether one was committed before the other.
    package static func < (left: Position, right: Position) -> Bool { left.number < right.number }
    /// The place so many events later.
    package static func + (left: Position, right: Int) -> Position { Position(left.number + Int64(right)) }

    /// The number.
    package var description: String { "\(number)" }
}

/// Where events come from: a bot, a user's account, or the gateway itself.
package struct Source: Sendable, Hashable, CustomStringConvertible {
    /// What is stored, and what channels and filters call it: `bot:123`.
    package let text: String

    /// A bot, by Telegram's number for it.
    package static func bot(_ id: Int64) -> Source { Source("bot:\(id)") }
    /// A user's account, by our number for it.
    package static func account(_ id: Int64) -> Source { Source("account:\(id)") }
    /// Heliograph itself.
    package static let gateway = Source("gateway")

    /// Telegram's number for the bot, where it is one.
    package var botID: Int64? { text.hasPrefix("bot:") ? Int64(text.dropFirst(4)) : nil }

    /// The bot or account that a text from outside names; nil where it names none.
    package init?(name: String) {
        for prefix in ["bot:", "account:"] where name.hasPrefix(prefix) {
            let digits = name.dropFirst(prefix.count)
            guard let id = Int64(digits), "\(id)" == digits else { return nil }
            text = name
            return
        }
        return nil
    }

    /// The source that a stored text names.
    init(_ text: String) { self.text = text }

    /// Its text.
    package var description: String { text }
}
