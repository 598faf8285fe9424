import Base

/// How sends are run.
package struct SendSettings: Sendable {
    /// How fast.
    package var limits = SendLimits()
    /// Sends of one bot and priority that wait in memory; the others wait in the database.
    package var waitingMax = 2000
    /// How long a call of Telegram may take.
    package var timeout = Duration.seconds(30)
    /// How often what may be repeated is tried, where it may have been carried out.
    package var attemptsMax = 6
    /// How long to wait after a failure, at first and at last.
    package var backOff = Duration.milliseconds(500)...Duration.seconds(30)
    /// The bytes that a send may carry, files included: what Telegram takes.
    package var bodyBytesMax = 51 << 20
    /// How often the database is asked what waits, should a hint have been lost.
    package var lookInterval = Duration.seconds(1)
    /// How long a send can be looked up, and its key stands for it, once it is done.
    package var keptFor = Duration.seconds(7 * 86_400)
    /// How long a program behind the Bot API endpoint waits for a send.
    package var passWait = Duration.seconds(50)

    /// The defaults.
    package init() {}

    /// The pause after so many attempts; not the same for all.
    func backOff(_ attempts: Int) -> Duration {
        let doubled = backOff.lowerBound * (1 << min(10, max(0, attempts - 1)))
        return min(doubled, backOff.upperBound) * Double.random(in: 0.5...1)
    }
}
