import Synchronization

// The numbers of a series are kept apart for each shard (an event loop), so that loops do not fight over a cache
// line. The number of shards is a power of two that is known when this compiles: the place of a number is then one
// addition. A shard beyond it shares the place of another, which costs time but never a count.
private let shardsMax = 16

/// The numbers of a counter or a gauge; what it shows is their sum.
final class CounterCells: Sendable {
    /// Each shard has eight words, a cache line, and uses the first.
    private let words = InlineArray<128, Atomic<Int64>> { _ in Atomic(0) }

    @inline(always) func add(_ amount: Int64, shard: Int) {
        words[(shard & (shardsMax - 1)) * 8].wrappingAdd(amount, ordering: .relaxed)
    }

    func set(_ value: Int64, shard: Int) {
        words[(shard & (shardsMax - 1)) * 8].store(value, ordering: .relaxed)
    }

    var sum: Int64 {
        var sum: Int64 = 0
        for shard in 0..<shardsMax { sum &+= words[shard * 8].load(ordering: .relaxed) }
        return sum
    }
}

/// The numbers of a histogram: how many values fell into each bucket, and their sum.
final class HistogramCells: Sendable {
    static let boundsMax = 14
    private static let sumWord = 15

    /// Each shard has sixteen words: the buckets, the one without a bound after the last of them, and the sum.
    private let words = InlineArray<256, Atomic<Int64>> { _ in Atomic(0) }
    private let bounds: InlineArray<14, Int64>
    private let boundsCount: Int

    /// Empty buckets up to each bound, itself included, and one for all above.
    init(bounds: [Int64]) {
        precondition(bounds.count <= HistogramCells.boundsMax, "a histogram has at most 14 bounds")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "a histogram's bounds go up")
        boundsCount = bounds.count
        self.bounds = InlineArray { $0 < bounds.count ? bounds[$0] : .max }
    }

    @inline(always) func observe(_ value: Int64, shard: Int) {
        let start = (shard & (shardsMax - 1)) * 16
        var bucket = 0
        while bucket < boundsCount, value > bounds[bucket] { bucket += 1 }
        words[start + bucket].wrappingAdd(1, ordering: .relaxed)
        words[start + HistogramCells.sumWord].wrappingAdd(value, ordering: .relaxed)
    }

    /// How many values fell into each bucket, the one without a bound last, and the sum of all values.
    var totals: (counts: [Int64], sum: Int64) {
        var counts = [Int64](repeating: 0, count: boundsCount + 1)
        var sum: Int64 = 0
        for shard in 0..<shardsMax {
            for bucket in 0...boundsCount {
                counts[bucket] &+= words[shard * 16 + bucket].load(ordering: .relaxed)
            }
            sum &+= words[shard * 16 + HistogramCells.sumWord].load(ordering: .relaxed)
        }
        return (counts, sum)
    }
}
