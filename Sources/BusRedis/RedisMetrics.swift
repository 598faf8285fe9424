import Base
import Bus

/// What is counted about the bus.
struct RedisMetrics: Sendable {
    let commands: MetricFamily<Counter>
    let answered: Counter
    let refused: Counter
    let unavailable: Counter
    let timedOut: Counter
    let overloaded: Counter
    let reconnects: Counter
    let redirections: Counter
    let published: Counter
    let dropped: Counter
    let received: Counter
    let gaps: Counter

    init(_ metrics: Metrics, board: BusStateBoard) {
        commands = metrics.counters(
            "bus_commands_total", "Calls of the bus, by what came of them", labels: ["outcome"])
        answered = commands.labelled("answered")
        refused = commands.labelled("refused")
        unavailable = commands.labelled("unavailable")
        timedOut = commands.labelled("timed_out")
        overloaded = commands.labelled("overloaded")
        reconnects = metrics.counter("bus_reconnects_total", "Connections to Redis that were made anew")
        redirections = metrics.counter("bus_redirections_total", "Calls that a Redis Cluster sent elsewhere")
        published = metrics.counter("bus_messages_published_total", "Messages handed to the bus")
        dropped = metrics.counter(
            "bus_messages_dropped_total", "Messages that reached no other node because Redis was out of reach"
        )
        received = metrics.counter("bus_messages_received_total", "Messages that came over the bus")
        gaps = metrics.counter("bus_gaps_total", "Times that subscribers were sent to the log")
        metrics.gauge("bus_degraded", "Whether a part of the bus is out of reach (1) or none (0)") {
            board.current.isConnected ? 0 : 1
        }
    }

    func count(_ error: BusError) {
        switch error {
        case .unavailable: unavailable.add()
        case .timedOut: timedOut.add()
        case .overloaded: overloaded.add()
        case .refused, .misuse: refused.add()
        }
    }
}
