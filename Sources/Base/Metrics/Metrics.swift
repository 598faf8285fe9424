import Synchronization

/// The metrics of a program; made once, handed to whoever counts.
///
/// Asking twice for the same name gives the same numbers. Asking for it as another kind is a mistake of the program.
public final class Metrics: Sendable {
    private struct State {
        var sources: [any MetricSource] = []
        var named: [String: any BoundedFamily] = [:]
    }

    private let state = Mutex(State())

    /// No metrics yet.
    public init() {}

    /// A number that only grows; the name ends in `_total`.
    public func counter(_ name: String, _ help: String) -> Counter {
        counters(name, help, labels: []).labelled([])
    }

    /// Growing numbers, told apart by labels.
    public func counters(
        _ name: String, _ help: String, labels: [String], seriesMax: Int = 200
    ) -> MetricFamily<Counter> {
        family(MetricSnapshot(name, help, .counter, labels: labels, series: []), seriesMax) {
            let cells = CounterCells()
            return (Counter(cells), { .integer(cells.sum) })
        }
    }

    /// A number that goes up and down.
    public func gauge(_ name: String, _ help: String) -> Gauge { gauges(name, help, labels: []).labelled([]) }

    /// Numbers that go up and down, told apart by labels.
    public func gauges(
        _ name: String, _ help: String, labels: [String], seriesMax: Int = 200
    ) -> MetricFamily<Gauge> {
        family(MetricSnapshot(name, help, .gauge, labels: labels, series: []), seriesMax) {
            let cells = CounterCells()
            return (Gauge(cells), { .integer(cells.sum) })
        }
    }

    /// How whole numbers spread; at most 14 bounds.
    public func histogram(_ name: String, _ help: String, bounds: [Int]) -> Histogram {
        histograms(name, help, labels: [], bounds: bounds).labelled([])
    }

    /// How whole numbers spread, told apart by labels; at most 14 bounds.
    public func histograms(
        _ name: String, _ help: String, labels: [String], bounds: [Int], seriesMax: Int = 100
    ) -> MetricFamily<Histogram> {
        let bounds = bounds.map(Int64.init)
        return family(MetricSnapshot(name, help, .histogram, labels: labels, series: []), seriesMax) {
            let cells = HistogramCells(bounds: bounds)
            return (Histogram(cells), { cells.snapshot(bounds: bounds, scale: 1) })
        }
    }

    /// How time spans spread, in seconds; at most 14 bounds.
    public func durations(
        _ name: String, _ help: String, bounds: [Duration] = DurationHistogram.requestBounds
    ) -> DurationHistogram {
        durations(name, help, labels: [], bounds: bounds).labelled([])
    }

    /// How time spans spread, in seconds, told apart by labels; at most 14 bounds.
    public func durations(
        _ name: String, _ help: String, labels: [String],
        bounds: [Duration] = DurationHistogram.requestBounds,
        seriesMax: Int = 100
    ) -> MetricFamily<DurationHistogram> {
        let bounds = bounds.map(\.nanosecondsClamped)
        return family(MetricSnapshot(name, help, .histogram, labels: labels, series: []), seriesMax) {
            let cells = HistogramCells(bounds: bounds)
            return (DurationHistogram(cells), { cells.snapshot(bounds: bounds, scale: 1e9) })
        }
    }

    /// Has something asked for its numbers each time metrics are read.
    public func add(_ source: some MetricSource) { state.withLock { $0.sources.append(source) } }

    /// Has a closure asked for its numbers each time metrics are read; it must not block.
    public func observe(_ read: @escaping @Sendable () -> [MetricSnapshot]) {
        add(CallbackSource(read: read))
    }

    /// Has a closure asked for one number each time metrics are read; it must not block.
    public func gauge(_ name: String, _ help: String, read: @escaping @Sendable () -> Double) {
        observe { [MetricSnapshot(name, help, .gauge, .real(read()))] }
    }

    /// What everything shows now, in the order of being added.
    public func snapshots() -> [MetricSnapshot] {
        let (sources, families) = state.withLock { ($0.sources, Array($0.named.values)) }
        var result = sources.flatMap { $0.snapshots() }
        let overflows = families.map(\.overflows).filter { $0.count > 0 }.sorted { $0.name < $1.name }
        if !overflows.isEmpty {
            result.append(
                MetricSnapshot(
                    "heliograph_metrics_overflows_total", "Series that had no room in their family.",
                    .counter,
                    labels: ["family"],
                    series: overflows.map { MetricSnapshot.Series([$0.name], .integer($0.count)) }))
        }
        return result
    }

    private func family<Instrument: Sendable>(
        _ empty: MetricSnapshot, _ seriesMax: Int,
        make: @escaping @Sendable () -> (Instrument, @Sendable () -> MetricSnapshot.Value)
    ) -> MetricFamily<Instrument> {
        state.withLock { state in
            let known = state.named[empty.name]
            if let family = known as? MetricFamily<Instrument> { return family }
            precondition(known == nil, "\(empty.name) is a metric of another kind already")
            let family = MetricFamily(empty, seriesMax: seriesMax, make: make)
            state.named[empty.name] = family
            state.sources.append(family)
            return family
        }
    }
}

extension HistogramCells {
    fileprivate func snapshot(bounds: [Int64], scale: Double) -> MetricSnapshot.Value {
        let totals = self.totals
        return .histogram(
            bounds: bounds.map { Double($0) / scale }, counts: totals.counts, sum: Double(totals.sum) / scale)
    }
}
