package import Base

/// What one caller did after being refused: whoever goes on is blocked for a while, and each time for longer.
package struct RefusalRecord: Sendable, Equatable {
    /// Refusals are counted for so long, from the first one on.
    private static let window = Duration.seconds(60)

    private var windowEnd = Moment(nanoseconds: .min)
    private var blockEnd = Moment(nanoseconds: .min)
    private var blocks = 0
    /// Refusals of this minute, or since the block began.
    package private(set) var count = 0
    /// When nothing of it matters any more.
    package private(set) var forgottenAt = Moment(nanoseconds: .min)

    /// No refusals yet.
    package init() {}

    /// How long the caller is still blocked, if it is; the request that asks counts as refused then.
    package mutating func blocked(at now: Moment) -> Duration? {
        guard now < blockEnd else { return nil }
        count += 1
        return blockEnd - now
    }

    /// Notes a refusal; says how long the caller is blocked, if that was one too many.
    package mutating func refused(at now: Moment, by policy: RatePolicy) -> Duration? {
        if now >= forgottenAt { self = RefusalRecord() }
        if now >= windowEnd {
            windowEnd = now + Self.window
            count = 0
        }
        count += 1
        forgottenAt = max(forgottenAt, windowEnd)
        guard policy.blockAfter > 0, count > policy.blockAfter else { return nil }
        // Twice as long each time; the shift is bounded because time is.
        let span = min(policy.blockMax, policy.blockFirst * (1 << min(blocks, 20)))
        blocks += 1
        blockEnd = now + span
        // What comes after the block is counted anew.
        windowEnd = blockEnd
        forgottenAt = blockEnd + policy.blockMax
        return span
    }
}
