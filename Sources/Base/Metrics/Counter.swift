/// A number that only grows; adding to it costs a few nanoseconds.
public struct Counter: Sendable {
    private let cells: CounterCells

    init(_ cells: CounterCells) { self.cells = cells }

    /// Adds to the number; `shard` is the index of the event loop that counts.
    public func add(_ amount: Int = 1, shard: Int = 0) {
        assert(amount >= 0, "a counter only grows")
        cells.add(Int64(amount), shard: shard)
    }

    /// What was counted until now, by all shards.
    public var value: Int { Int(cells.sum) }
}

/// A number that goes up and down.
public struct Gauge: Sendable {
    private let cells: CounterCells

    init(_ cells: CounterCells) { self.cells = cells }

    /// Adds to the number, or takes away where the amount is negative.
    public func add(_ amount: Int = 1, shard: Int = 0) { cells.add(Int64(amount), shard: shard) }

    /// Takes away from the number.
    public func subtract(_ amount: Int = 1, shard: Int = 0) { cells.add(-Int64(amount), shard: shard) }

    /// Sets the shard's own part; the gauge shows the sum of the parts.
    public func set(_ value: Int, shard: Int = 0) { cells.set(Int64(value), shard: shard) }

    /// What it shows now: the sum of the shards' parts.
    public var value: Int { Int(cells.sum) }
}

/// How values spread over fixed buckets; whole numbers such as sizes.
public struct Histogram: Sendable {
    private let cells: HistogramCells

    init(_ cells: HistogramCells) { self.cells = cells }

    /// Counts one value.
    public func observe(_ value: Int, shard: Int = 0) { cells.observe(Int64(value), shard: shard) }
}

/// How time spans spread over fixed buckets; shown in seconds.
public struct DurationHistogram: Sendable {
    private let cells: HistogramCells

    init(_ cells: HistogramCells) { self.cells = cells }

    /// Counts one span.
    public func observe(_ span: Duration, shard: Int = 0) {
        cells.observe(span.nanosecondsClamped, shard: shard)
    }

    /// Counts one span; cheaper where the difference of two moments is at hand.
    public func observe(nanoseconds: Int64, shard: Int = 0) { cells.observe(nanoseconds, shard: shard) }

    /// Bounds that suit the answers of a server: half a millisecond to thirty seconds.
    public static let requestBounds: [Duration] = [
        .microseconds(500), .milliseconds(1), .microseconds(2500), .milliseconds(5), .milliseconds(10),
        .milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500),
        .seconds(1), .milliseconds(2500), .seconds(10), .seconds(30),
    ]
}
