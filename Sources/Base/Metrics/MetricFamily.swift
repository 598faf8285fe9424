import Synchronization

/// The series of one metric, told apart by the values of its labels.
///
/// Ask for a series once and keep it. A family has a bound: what would be a series too many is counted in one
/// whose labels all say `other`, so that values from outside cannot fill the memory.
public final class MetricFamily<Instrument: Sendable>: Sendable {
    private struct Entry {
        let labels: [String]
        let instrument: Instrument
        let value: @Sendable () -> MetricSnapshot.Value
    }

    private struct State {
        var indexes: [[String]: Int] = [:]
        var entries: [Entry] = []
        var overflows: Int64 = 0
    }

    private let empty: MetricSnapshot
    private let seriesMax: Int
    private let make: @Sendable () -> (Instrument, @Sendable () -> MetricSnapshot.Value)
    private let state = Mutex(State())

    init(
        _ empty: MetricSnapshot, seriesMax: Int,
        make: @escaping @Sendable () -> (Instrument, @Sendable () -> MetricSnapshot.Value)
    ) {
        precondition(seriesMax > 0, "\(empty.name) has room for no series")
        self.empty = empty
        self.seriesMax = seriesMax
        self.make = make
    }

    /// The series with these values, given in the order of the labels.
    public func labelled(_ values: String...) -> Instrument { labelled(values) }

    /// The series with these values, given in the order of the labels.
    public func labelled(_ values: [String]) -> Instrument {
        precondition(values.count == empty.labels.count, "\(empty.name) has \(empty.labels.count) labels")
        return state.withLock { state in
            if let index = state.indexes[values] { return state.entries[index].instrument }
            guard state.indexes.count >= seriesMax else { return add(values, to: &state) }
            state.overflows += 1
            let other = values.map { _ in "other" }
            if let index = state.indexes[other] { return state.entries[index].instrument }
            return add(other, to: &state)
        }
    }

    /// The family's name and how often a series was asked for that had no room.
    var overflows: (name: String, count: Int64) { (empty.name, state.withLock { $0.overflows }) }

    private func add(_ values: [String], to state: inout State) -> Instrument {
        let (instrument, value) = make()
        state.indexes[values] = state.entries.count
        state.entries.append(Entry(labels: values, instrument: instrument, value: value))
        return instrument
    }
}

extension MetricFamily: MetricSource {
    /// The numbers of every series, in the order in which they were first asked for.
    public func snapshots() -> [MetricSnapshot] {
        let entries = state.withLock { $0.entries }
        var snapshot = empty
        snapshot.series = entries.map { MetricSnapshot.Series($0.labels, $0.value()) }
        return [snapshot]
    }
}

/// A family of any kind, as the registry sees it.
protocol BoundedFamily: MetricSource {
    var overflows: (name: String, count: Int64) { get }
}

extension MetricFamily: BoundedFamily {}
