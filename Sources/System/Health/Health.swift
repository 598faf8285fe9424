package import Base
import Synchronization

/// Knows how the program is: each part says so by a check of its own.
package final class Health: Sendable {
    /// Finds out how a part is; it must not block, as it runs on an event loop for each request.
    package typealias Check = @Sendable () -> PartHealth

    /// Where the program is in its life.
    package enum Phase: Sendable {
        /// → serving, stopping
        case starting
        /// → stopping
        case serving
        case stopping
    }

    private struct Part {
        let name: String
        let isRequired: Bool
        let check: Check
    }

    private struct State {
        var phase = Phase.starting
        var parts: [Part] = []
    }

    private let version: String
    private let clocks: Clocks
    private let began: Moment
    private let state = Mutex(State())

    /// A program that is starting and has no parts yet.
    package init(version: String, clocks: Clocks = .system) {
        self.version = version
        self.clocks = clocks
        began = clocks.moment
    }

    /// Adds a part.
    ///
    /// The program is not ready while a required part has failed; any other failure only degrades it.
    package func add(_ name: String, isRequired: Bool = false, check: @escaping Check) {
        state.withLock { $0.parts.append(Part(name: name, isRequired: isRequired, check: check)) }
    }

    /// Where the program is in its life; it is ready while it serves.
    package var phase: Phase {
        get { state.withLock { $0.phase } }
        set { state.withLock { $0.phase = newValue } }
    }

    /// Asks every part.
    package func report() -> HealthReport {
        let (phase, parts) = state.withLock { ($0.phase, $0.parts) }
        var report = HealthReport(version: version, uptime: clocks.moment - began)
        report.add("lifecycle", phase.health, isRequired: true)
        for part in parts { report.add(part.name, part.check(), isRequired: part.isRequired) }
        return report
    }
}

extension Health.Phase {
    fileprivate var health: PartHealth {
        switch self {
        case .starting: .failed("The program is starting")
        case .serving: .ok
        case .stopping: .failed("The program is stopping")
        }
    }
}
