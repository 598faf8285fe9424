import Base
import Synchronization

/// Whether the process is near the limit of open files, beyond which it accepts no connection.
///
/// Counting them walks a folder as long as there are connections, so it is done only now and then.
final class DescriptorCheck: Sendable {
    private static let freshness = Duration.seconds(5)

    private let source: any MetricSource
    private let clocks: Clocks
    private let last = Mutex<(health: PartHealth, at: Moment)?>(nil)

    init(_ source: any MetricSource = ProcessMetrics(), clocks: Clocks = .system) {
        self.source = source
        self.clocks = clocks
    }

    func health() -> PartHealth {
        let now = clocks.moment
        if let last = last.withLock({ $0 }), now - last.at < DescriptorCheck.freshness {
            var health = last.health
            health.age = now - last.at
            return health
        }
        let health = count()
        last.withLock { $0 = (health, now) }
        return health
    }

    private func count() -> PartHealth {
        let snapshots = source.snapshots()
        func number(_ name: String) -> Int64? {
            guard case .integer(let number) = snapshots.first(where: { $0.name == name })?.series.first?.value
            else {
                return nil
            }
            return number
        }
        guard let open = number("process_open_fds"), let max = number("process_max_fds"), max > 0 else {
            return .ok
        }
        guard open >= max / 10 * 9 else { return .ok }
        return .degraded("\(open) of at most \(max) file descriptors are open")
    }
}
