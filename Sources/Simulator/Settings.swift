package import Base

extension Simulator {
    /// How fast something may go, and how much at once.
    package struct Rate: Sendable, Equatable {
        /// How many there may be at once.
        package var burst: Double
        /// How many come back each second.
        package var perSecond: Double

        /// A rate of a burst and what comes back.
        package init(burst: Double, perSecond: Double) {
            self.burst = burst
            self.perSecond = perSecond
        }
    }

    /// Telegram's limits on sending.
    package struct Rates: Sendable, Equatable {
        /// Whether they are held.
        package var areEnforced = true
        /// Messages of a bot, a second; a little more than published, so that whoever keeps exactly to that is not
        /// refused for what the network does to its clock.
        package var bot = Rate(burst: 33, perSecond: 30)
        /// Messages of a bot to one chat.
        package var chat = Rate(burst: 4, perSecond: 1)
        /// Messages of a bot to one group.
        package var group = Rate(burst: 21, perSecond: 20.0 / 60)

        /// The published limits.
        package init() {}
    }

    /// What the simulator begins with.
    package struct Settings: Sendable {
        /// What all chance comes from.
        package var seed: UInt64 = 1
        /// What time it is.
        package var clocks = Clocks.system
        /// Whether the numbers of messages begin at one that rises with the clock, for those who keep what they have heard
        /// when the simulator begins anew.
        package var numbersFromClock = false
        /// What the world holds at most.
        package var world = World.Limits()
        /// The limits on sending.
        package var rates = Rates()
        /// Updates that wait for one bot; older ones are forgotten.
        package var updatesPerBotMax = 200_000
        /// Sends that the log keeps.
        package var sendLogMax = 500_000
        /// Bytes of a request.
        package var bodyBytesMax = 60 << 20
        /// Bytes of a file that a bot may download.
        package var downloadBytesMax = 20 << 20
        /// How long after the second failure a webhook is tried again; it doubles with each one more.
        package var retryFirst = Duration.seconds(2)
        /// The longest wait between two tries of a webhook.
        package var retryMax = Duration.seconds(60)

        /// The settings that tests and demonstrations begin with.
        package init() {}
    }
}
