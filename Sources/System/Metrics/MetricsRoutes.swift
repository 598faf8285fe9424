import Base
import HTTPServer
import Kernel
import Wire

/// The routes by which collectors and programs read the metrics.
struct MetricsRoutes: Sendable {
    let metrics: Metrics

    var routes: [Route] {
        let form = Schema.string()
        return [
            Route(
                .get, "/metrics", .open,
                Operation(
                    "getMetricsText", "The metrics as text",
                    description: "Prometheus text, or OpenMetrics for a client that prefers it.",
                    tags: ["system"],
                    responses: [
                        .init(.ok, "All metrics.", .init(form, type: "text/plain")),
                        .init(.ok, "All metrics.", .init(form, type: "application/openmetrics-text")),
                    ]), rate: .unlimited
            ) { text($0) },
            Route(
                .get, "/api/v1/system/metrics", .needs(.systemRead),
                Operation(
                    "getSystemMetrics", "The metrics as JSON", tags: ["system"],
                    responses: [.init(.ok, "All metrics.", .init(.envelope(Self.schema)))]), rate: .unlimited
            ) { json($0) },
        ]
    }

    private func text(_ request: Request) -> Response {
        let types = ["text/plain", "application/openmetrics-text"]
        let form = request.preferred(of: types) == types[1] ? MetricText.openMetrics : .prometheus
        let fields: HeaderFields = [
            "content-type": form.contentType, "cache-control": "no-store", "vary": "accept",
        ]
        return Response(fields: fields, body: .bytes(form.render(metrics.snapshots())))
    }

    private func json(_ request: Request) -> Response {
        let snapshots = metrics.snapshots().filter { !$0.series.isEmpty }
        var response = Envelope.success(to: request, meta: ["count": .integer(Int64(snapshots.count))]) {
            $0.object {
                $0.key("families")
                $0.array { for snapshot in snapshots { snapshot.write(to: &$0) } }
            }
        }
        response.fields.append("cache-control", "no-store")
        return response
    }
}

extension MetricsRoutes {
    private static let schema = Schema.named("Metrics", .object([.init("families", .array(family))]))

    private static let family = Schema.named(
        "MetricFamily",
        .object([
            .init("name", .string(), "The metric's name."),
            .init(
                "type", .string(values: ["counter", "gauge", "histogram"]), "What kind of numbers these are."),
            .init("help", .string(), "What the metric says."),
            .init("samples", .array(sample), "The numbers, told apart by their labels."),
        ]))

    private static let sample = Schema.named(
        "MetricSample",
        .object([
            .init("labels", .map(.string()), "What the number is of."),
            .init(
                "value", .nullable(.number), "The number of a counter or gauge; null for NaN.",
                isRequired: false),
            .init("count", .integer, "How many values a histogram has counted.", isRequired: false),
            .init("sum", .nullable(.number), "The sum of those values.", isRequired: false),
            .init(
                "buckets", .array(bucket), "How many values there are up to each bound.", isRequired: false),
        ]))

    private static let bucket = Schema.named(
        "MetricBucket",
        .object([
            .init(
                "upTo", .nullable(.number), "The bound, itself included; null for the last, which has none."),
            .init("count", .integer, "How many values there are up to it."),
        ]))
}

extension MetricSnapshot {
    /// Writes a family with its samples.
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("name", name)
            $0.field("type", kind.rawValue)
            $0.field("help", help)
            $0.key("samples")
            $0.array { for series in series { write(series, to: &$0) } }
        }
    }

    private func write(_ series: Series, to writer: inout JSONWriter) {
        writer.object {
            $0.key("labels")
            $0.object { for (label, value) in zip(labels, series.labels) { $0.field(label, value) } }
            switch series.value {
            case .integer(let number): $0.field("value", number)
            case .real(let number): $0.field("value", number)
            case .histogram(let bounds, let counts, let sum):
                $0.field("count", counts.reduce(0, +))
                $0.field("sum", sum)
                $0.key("buckets")
                $0.array { Self.write(bounds, counts, to: &$0) }
            }
        }
    }

    private static func write(_ bounds: [Double], _ counts: [Int64], to writer: inout JSONWriter) {
        var total: Int64 = 0
        for (index, count) in counts.enumerated() {
            total += count
            writer.object {
                $0.field("upTo", index < bounds.count ? bounds[index] : nil)
                $0.field("count", total)
            }
        }
    }
}
