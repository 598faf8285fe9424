/// Something that is asked for its numbers each time metrics are read.
public protocol MetricSource: Sendable {
    /// The numbers of this moment.
    func snapshots() -> [MetricSnapshot]
}

/// Numbers that a closure gives each time metrics are read.
struct CallbackSource: MetricSource {
    let read: @Sendable () -> [MetricSnapshot]

    func snapshots() -> [MetricSnapshot] { read() }
}
