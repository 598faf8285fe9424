package import Base

/// What the registry shows of the program itself.
package enum SystemMetrics {
    /// Adds the process (memory, processor time, open files) and what was built.
    package static func add(to metrics: Metrics, version: String) {
        metrics.add(ProcessMetrics())
        metrics.observe {
            [
                MetricSnapshot(
                    "heliograph_build_info", "What is running; always 1.", .gauge,
                    labels: ["version", "swift"],
                    series: [.init([version, swiftVersion], .integer(1))])
            ]
        }
    }

    /// The version of the compiler that built this, as far as it says.
    static var swiftVersion: String {
        #if swift(>=6.4)
            "6.4+"
        #elseif swift(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}
