package import Base
package import HTTPServer

/// The routes about the program itself: health, metrics, the API's description and, where asked for, the benchmark's.
package struct SystemRoutes: Sendable {
    private let health: Health
    private let metrics: Metrics
    private let version: String
    private let publicURL: String?
    private let settings: [ResolvedSetting]
    private let benchLoops: Int?

    /// The routes of a program; `benchLoops` is the number of event loops where the benchmark's routes are wanted.
    package init(
        health: Health, metrics: Metrics, version: String, publicURL: String?,
        settings: [ResolvedSetting] = [], benchLoops: Int? = nil
    ) {
        self.health = health
        self.metrics = metrics
        self.version = version
        self.publicURL = publicURL
        self.settings = settings
        self.benchLoops = benchLoops
    }

    /// The routes; the API's description lists `others` before them.
    package func routes(describing others: [Route] = []) -> [Route] {
        let own =
            HealthRoutes(health: health).routes + MetricsRoutes(metrics: metrics).routes
            + ConfigRoutes(settings: settings).routes
        let documents = DocumentRoutes.routes(
            describing: others + own, version: version, publicURL: publicURL)
        return own + documents + (benchLoops.map { BenchRoutes(loopCount: $0).routes } ?? [])
    }
}
