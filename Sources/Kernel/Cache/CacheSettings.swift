/// How much a cache keeps, and for how long.
package struct CacheSettings: Sendable {
    /// Entries in this process; beyond it those that were not asked for lately make room.
    package var entriesMax: Int
    /// How long an entry is good.
    package var timeToLive: Duration
    /// The part of that time after which the next caller has the entry loaded anew, while all still get the old one;
    /// 1 for never.
    package var refreshPart: Double

    /// Settings of a cache.
    package init(entriesMax: Int = 10_000, timeToLive: Duration = .seconds(60), refreshPart: Double = 0.8) {
        self.entriesMax = entriesMax
        self.timeToLive = timeToLive
        self.refreshPart = refreshPart
    }
}
