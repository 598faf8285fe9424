import Base
import Reactor
import Wire

/// The numbers that a server keeps, for all loops.
struct ServerMetrics: Sendable {
    let requests: MetricFamily<Counter>
    let durations: MetricFamily<DurationHistogram>
    let connections: Gauge
    let accepted: Counter
    let refused: Counter

    init(_ metrics: Metrics) {
        requests = metrics.counters(
            "http_requests_total", "Requests answered", labels: ["method", "route", "status"], seriesMax: 2000
        )
        durations = metrics.durations(
            "http_request_duration_seconds", "From a request's head to its answer", labels: ["route"],
            seriesMax: 500)
        connections = metrics.gauge("http_connections", "Open connections")
        accepted = metrics.counter("http_connections_accepted_total", "Connections accepted")
        refused = metrics.counter(
            "http_connections_refused_total", "Connections over a limit, closed at once")
    }
}

/// Counts and logs the answers of one loop. The series of a route are looked up once, then kept here.
// Belongs to its LoopServer, and so to its loop.
struct RequestRecorder {
    private let metrics: ServerMetrics
    private let router: Router
    private let logger: Logger
    private let logsAccess: Bool
    private let shard: Int
    /// By route, with one place more for what no route took.
    ///
    /// The lists are short: a route has few statuses.
    private var counters: [[(status: HTTPStatus, counter: Counter)]]
    private var histograms: [DurationHistogram?]

    init(_ core: ServerCore, shard: Int) {
        metrics = core.metrics
        router = core.responder.router
        logger = core.logger
        logsAccess = core.logsAccess
        self.shard = shard
        counters = Array(repeating: [], count: router.routes.count + 1)
        histograms = Array(repeating: nil, count: router.routes.count + 1)
    }

    /// One answer has been handed to the connection.
    mutating func record(_ request: Request, route: Int?, _ status: HTTPStatus, now: MonotonicNanoseconds) {
        let took = Int64(now &- request.began)
        let place = route ?? router.routes.count
        count(route, status)
        let histogram = histograms[place] ?? metrics.durations.labelled(pattern(route))
        histograms[place] = histogram
        histogram.observe(nanoseconds: took, shard: shard)
        guard let level = level(status) else { return }
        TraceContext.$current.withValue(request.trace) {
            // The path is logged without its query, in which secrets travel.
            logger.log(
                level, "request",
                [
                    "method": .string(request.method.name), "path": .string(request.shownPath),
                    "route": .string(pattern(route)), "status": .init(status.code),
                    "took": .duration(.nanoseconds(took)), "peer": .string(request.client.host),
                    "version": .string(request.version.rawValue),
                ])
        }
    }

    /// What never became a request was refused: it has no method or path, and no head from which to take a time.
    mutating func recordRefusal(
        _ id: RequestID, _ status: HTTPStatus, _ version: HTTPVersion, from peer: SocketAddress
    ) {
        count(nil, status)
        guard let level = level(status) else { return }
        TraceContext.$current.withValue(TraceContext(requestID: id)) {
            logger.log(
                level, "request",
                [
                    "route": .string(pattern(nil)), "status": .init(status.code),
                    "peer": .string(peer.host), "version": .string(version.rawValue),
                ])
        }
    }

    private mutating func count(_ route: Int?, _ status: HTTPStatus) {
        let place = route ?? router.routes.count
        if let known = counters[place].first(where: { $0.status == status }) {
            known.counter.add(shard: shard)
        } else {
            // The route's method, not the request's: clients cannot make series.
            let method = route.map { router.routes[$0].method.name } ?? "other"
            let counter = metrics.requests.labelled(method, pattern(route), String(status.rawValue))
            counters[place].append((status, counter))
            counter.add(shard: shard)
        }
    }

    private func pattern(_ route: Int?) -> String { route.map { router.routes[$0].pattern.text } ?? "none" }

    /// The level of an answer's line; nil where it has none.
    private func level(_ status: HTTPStatus) -> LogLevel? {
        guard logsAccess || status.code >= 500 else { return nil }
        let level: LogLevel = status.code >= 500 ? .warning : .info
        return logger.isEnabled(level) ? level : nil
    }
}
