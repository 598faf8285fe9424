import Synchronization

/// Values that expire by themselves, under 64-bit tags; a fixed bound, and the same small cost for each access.
///
/// A tag has eight places. When all of them hold what still matters, the table grows, or at its bound the value goes that
/// would expire first: it is the one that matters least. Nothing is ever swept, so no request pays for others.
final class ExpiringTable<Value: Sendable>: Sendable {
    /// A value, and until when it matters, by any clock.
    struct Kept: Sendable {
        var value: Value
        var until: Int64
    }

    private static var shardCount: Int { 16 }
    private let shards: [Shard]

    /// Locks are per shard, so that loops rarely meet.
    private final class Shard: Sendable {
        let places: Mutex<Places>

        init(_ places: Places) { self.places = Mutex(places) }
    }

    /// An empty table, for values up to `max` in all; `empty` fills places that hold none.
    init(max: Int, empty: Value) {
        let places = Places(setsMax: Swift.max(1, max / Self.shardCount / Places.ways), empty: empty)
        shards = (0..<Self.shardCount).map { _ in Shard(places) }
    }

    /// Lends what is kept under a tag and matters now, if anything is, to be changed; what expired is not kept.
    func change<R>(_ tag: UInt64, at now: Int64, _ body: (inout Kept?) -> R) -> R {
        shards[Int(tag % UInt64(Self.shardCount))].places.withLock { places in
            let index = places.index(of: tag, at: now)
            var kept = index.map { Kept(value: places.all[$0].value, until: places.all[$0].until) }
            let result = body(&kept)
            if let kept, kept.until > now {
                let index = index ?? places.makeRoom(for: tag, at: now)
                places.all[index] = Place(tag: tag, until: kept.until, value: kept.value)
            } else if let index {
                places.all[index].until = .min
            }
            return result
        }
    }

    /// How many values matter now, and how many places there are.
    func count(at now: Int64) -> (kept: Int, places: Int) {
        shards.reduce(into: (0, 0)) { sum, shard in
            shard.places.withLock { places in
                sum.0 += places.all.count { $0.until > now }
                sum.1 += places.all.count
            }
        }
    }

    private struct Place: Sendable {
        var tag: UInt64 = 0
        var until: Int64 = .min
        var value: Value
    }

    private struct Places: Sendable {
        static var ways: Int { 8 }
        private let setsMax: Int
        private let empty: Place
        private var sets = 1
        var all: [Place]

        init(setsMax: Int, empty: Value) {
            self.setsMax = setsMax
            self.empty = Place(value: empty)
            all = Array(repeating: self.empty, count: Self.ways)
        }

        private func start(of tag: UInt64) -> Int {
            Int((tag / UInt64(shardCount)) % UInt64(sets)) * Self.ways
        }

        func index(of tag: UInt64, at now: Int64) -> Int? {
            let start = start(of: tag)
            for index in start..<start + Self.ways where all[index].tag == tag && all[index].until > now {
                return index
            }
            return nil
        }

        mutating func makeRoom(for tag: UInt64, at now: Int64) -> Int {
            while true {
                let start = start(of: tag)
                var first = start
                for index in start..<start + Self.ways where all[index].until < all[first].until {
                    first = index
                }
                if all[first].until <= now || sets * 2 > setsMax { return first }
                grow(at: now)
            }
        }

        /// Twice as many sets: each one's values go to two, so that all of them fit.
        private mutating func grow(at now: Int64) {
            let old = all
            sets *= 2
            all = Array(repeating: empty, count: sets * Self.ways)
            for place in old where place.until > now {
                let start = start(of: place.tag)
                let free = (start..<start + Self.ways).first { all[$0].until <= now }
                if let free { all[free] = place }
            }
        }
    }
}
