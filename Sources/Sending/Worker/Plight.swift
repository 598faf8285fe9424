import Base
import BotAPI

/// What is wrong with a bot's sends though Telegram can be reached: known as long as it lasts, also where some succeed.
struct Plight: Sendable {
    /// What is wrong, in words.
    enum Kind: String, Sendable {
        case paused = "Telegram wants a pause"
        case failing = "Telegram answers with errors"
        case silent = "Telegram does not answer in time"
    }

    let kind: Kind
    private let since: Moment
    private let until: Moment
    private let count: Int

    /// Shorter pauses nobody needs to hear of, nor of fewer failures.
    private static let patience = Duration.seconds(5)
    private static let countMin = 3
    /// How long a failure counts where no other follows.
    private static let memory = Duration.seconds(15)

    /// Takes note of a failed attempt, behind what was known; nil where it is none that lasts.
    init?(_ error: BotAPIError, after earlier: Plight?, at now: Moment) {
        let kind: Kind
        switch error.code {
        case .tooManyRequests: kind = .paused
        case .server, .malformedAnswer: kind = .failing
        case .timeout: kind = .silent
        default: return nil
        }
        let same = earlier.flatMap { $0.kind == kind && $0.until > now ? $0 : nil }
        self.kind = kind
        since = same?.since ?? now
        count = (same?.count ?? 0) + 1
        // What a pause ends with is known a moment after it.
        until = now + (kind == .paused ? (error.retryAfter ?? .zero) + .seconds(1) : Self.memory)
    }

    /// Whether the operator should know.
    func isTrouble(at now: Moment) -> Bool {
        guard until > now else { return false }
        return kind == .paused ? until - since > Self.patience : count >= Self.countMin
    }
}
