import Base
import Kernel

/// Counts what comes in from Telegram.
struct IngestMetrics: Sendable {
    let refused: Counter
    let failed: Counter
    private let stored: Counter
    private let duplicates: Counter

    init(_ metrics: Metrics) {
        let outcomes = metrics.counters(
            "telegram_updates_total", "Updates of bots by what became of them.", labels: ["outcome"])
        stored = outcomes.labelled(["stored"])
        duplicates = outcomes.labelled(["duplicate"])
        refused = outcomes.labelled(["refused"])
        failed = outcomes.labelled(["failed"])
    }

    func note(_ appended: [Appended]) {
        for result in appended {
            switch result {
            case .new: stored.add()
            case .duplicate: duplicates.add()
            }
        }
    }
}
