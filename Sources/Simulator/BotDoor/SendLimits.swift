import Base

/// Telegram's limits on sending, with a count of whoever does not keep them.
struct SendLimits: Sendable {
    private enum Scope: Hashable {
        case bot(Int64)
        case chat(Int64, Int64)
        case group(Int64, Int64)
    }

    /// How much a scope may still send, and until when it is told to wait.
    private struct Bucket {
        var level: Double
        var filled: Moment
        var closedUntil: Moment?
    }

    /// What was counted.
    struct Counts: Sendable {
        var accepted = 0
        var refused = 0
        /// Sends that came in beyond a limit.
        var beyond = 0
        /// Sends that came in while the bot or the chat had been told to wait.
        var duringWait = 0
    }

    var rates: Simulator.Rates
    private var buckets: [Scope: Bucket] = [:]
    private(set) var counts: [Int64: Counts] = [:]

    init(_ rates: Simulator.Rates) { self.rates = rates }

    /// Takes in a send of so many messages; the seconds to wait where it is refused.
    mutating func admit(_ count: Int, bot: Int64, chat: Int64, kind: Chat.Kind, now: Moment) -> Int? {
        var scopes: [(Scope, Simulator.Rate)] = [(.bot(bot), rates.bot), (.chat(bot, chat), rates.chat)]
        if kind == .group || kind == .supergroup { scopes.append((.group(bot, chat), rates.group)) }
        guard rates.areEnforced || scopes.contains(where: { buckets[$0.0]?.closedUntil != nil }) else {
            counts[bot, default: Counts()].accepted += count
            return nil
        }
        if let closed = scopes.compactMap({ buckets[$0.0]?.closedUntil }).max(), closed > now {
            counts[bot, default: Counts()].duringWait += 1
            counts[bot]?.refused += 1
            return Self.seconds(closed - now)
        }
        for (scope, rate) in scopes where rates.areEnforced {
            refill(scope, rate, now)
            let missing = Double(min(count, Int(rate.burst))) - (buckets[scope]?.level ?? 0)
            guard missing > 0.001 else { continue }
            let wait = Self.seconds(.milliseconds(Int(missing / rate.perSecond * 1000)))
            buckets[scope]?.closedUntil = now + .seconds(wait)
            counts[bot, default: Counts()].beyond += 1
            counts[bot]?.refused += 1
            return wait
        }
        for (scope, _) in scopes { buckets[scope]?.level -= Double(count) }
        counts[bot, default: Counts()].accepted += count
        return nil
    }

    /// Has a bot, or one of its chats, wait, because a fault says so.
    mutating func close(bot: Int64, chat: Int64?, until: Moment) {
        let scope = chat.map { Scope.chat(bot, $0) } ?? .bot(bot)
        let rate = chat == nil ? rates.bot : rates.chat
        var bucket = buckets[scope] ?? Bucket(level: rate.burst, filled: until)
        bucket.closedUntil = max(bucket.closedUntil ?? until, until)
        buckets[scope] = bucket
        counts[bot, default: Counts()].refused += 1
    }

    private mutating func refill(_ scope: Scope, _ rate: Simulator.Rate, _ now: Moment) {
        if buckets.count > 200_000 { buckets = buckets.filter { ($0.value.closedUntil ?? now) > now } }
        var bucket = buckets[scope] ?? Bucket(level: rate.burst, filled: now)
        let elapsed = max(0, Double((now - bucket.filled).nanosecondsOfSpan) / 1e9)
        bucket.level = min(rate.burst, bucket.level + elapsed * rate.perSecond)
        bucket.filled = now
        bucket.closedUntil = nil
        buckets[scope] = bucket
    }

    private static func seconds(_ span: Duration) -> Int {
        max(1, Int((Double(span.nanosecondsOfSpan) / 1e9).rounded(.up)))
    }
}

extension Duration {
    /// The span in nanoseconds; the longest there is where it is longer.
    var nanosecondsOfSpan: Int64 {
        let (seconds, attoseconds) = components
        return seconds > 9_000_000_000 ? .max : seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
