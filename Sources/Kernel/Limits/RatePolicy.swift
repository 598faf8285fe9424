/// How much callers and addresses may ask for, and what happens to those who ask for more.
package struct RatePolicy: Sendable, Equatable {
    /// A budget: what comes back in a time span, and what it holds at most.
    package struct Budget: Sendable, Equatable {
        /// Requests that come back in each span.
        package var count: Int
        /// The span.
        package var span: Duration
        /// Requests that can be sent at once after a time of silence.
        package var burst: Int

        /// So many requests in each span; numbers below one become one, those above a million a million.
        package init(_ count: Int, each span: Duration, burst: Int) {
            self.count = min(max(1, count), 1_000_000)
            self.span = span
            self.burst = min(max(1, burst), 1_000_000)
        }

        /// The time in which one request comes back.
        package var interval: Duration { span / count }
    }

    /// Whether anything is counted.
    package var isEnabled = true
    /// What each caller has that is signed in: a user, or a key.
    package var caller = Budget(100, each: .seconds(1), burst: 200)
    /// What each address has for requests of nobody in particular.
    package var address = Budget(20, each: .seconds(1), burst: 60)
    /// Attempts to sign in that each address has.
    package var signIn = Budget(5, each: .seconds(60), burst: 10)
    /// Wrong credentials that each address may show.
    package var wrongCredentials = Budget(10, each: .seconds(60), burst: 20)
    /// How many interactive requests a bulk request stands for: half of the rate, with two.
    package var bulkCost = 2
    /// The part of a budget that bulk requests leave to interactive ones.
    package var bulkReservePercent = 25
    /// The part of a budget beyond which answers warn.
    package var warningPercent = 80
    /// How long an interactive request beyond its budget may be held up instead of being refused; 0 refuses at once.
    package var delayMax = Duration.milliseconds(250)
    /// Requests that are held up at the same time, of all callers.
    package var delayedMax = 64
    /// Refusals within a minute after which a caller is blocked; 0 blocks nobody.
    package var blockAfter = 50
    /// How long the first block lasts; each further one lasts twice as long as the one before.
    package var blockFirst = Duration.seconds(30)
    /// How long a block lasts at most, and how long after the last one all is forgotten.
    package var blockMax = Duration.seconds(900)

    /// The usual policy.
    package init() {}
}
