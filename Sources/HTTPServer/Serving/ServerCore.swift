import Base
import Reactor

/// What all connections of a server share; nothing in it changes but counters.
final class ServerCore: Sendable {
    let limits: ServerLimits
    let proxies: TrustedProxies
    let spans: ServerLimits.Spans
    let admission: Admission
    let responder: Responder
    let metrics: ServerMetrics
    let logger: Logger
    let logsAccess: Bool
    let ids = IDSource()
    let drain = DrainSignal()

    init(
        limits: ServerLimits, proxies: TrustedProxies, responder: Responder, metrics: Metrics, logger: Logger,
        logsAccess: Bool
    ) {
        self.limits = limits
        self.proxies = proxies
        spans = ServerLimits.Spans(limits)
        self.responder = responder
        self.metrics = ServerMetrics(metrics)
        self.logger = logger
        self.logsAccess = logsAccess
        admission = Admission(max: limits.connectionsMax, perHostMax: limits.connectionsPerAddressMax)
    }
}
