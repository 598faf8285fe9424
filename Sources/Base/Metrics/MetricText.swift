/// The text forms in which a collector reads metrics.
public enum MetricText: Sendable {
    /// Prometheus text, version 0.0.4.
    case prometheus
    /// OpenMetrics, version 1.0.
    case openMetrics

    /// What the answer's `Content-Type` says.
    public var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The text of all these metrics.
    public func render(_ snapshots: [MetricSnapshot]) -> Bytes {
        var text: [UInt8] = []
        text.reserveCapacity(4096)
        for snapshot in snapshots where !snapshot.series.isEmpty {
            appendHead(of: snapshot, to: &text)
            for series in snapshot.series { append(series, of: snapshot, to: &text) }
        }
        if self == .openMetrics { text.append("# EOF\n") }
        return Bytes(text)
    }

    private func appendHead(of snapshot: MetricSnapshot, to text: inout [UInt8]) {
        var name = snapshot.name
        if self == .openMetrics, snapshot.kind == .counter { name.removeLast("_total".count) }
        if self == .openMetrics,
            let unit = ["seconds", "bytes", "ratio"].first(where: { name.hasSuffix("_\($0)") })
        {
            text.append(text: "# UNIT \(name) \(unit)\n")
        }
        text.append(text: "# TYPE \(name) \(snapshot.kind.rawValue)\n")
        text.append(text: "# HELP \(name) ")
        appendEscaped(snapshot.help, quotes: self == .openMetrics, to: &text)
        text.append("\n")
    }

    private func append(
        _ series: MetricSnapshot.Series, of snapshot: MetricSnapshot, to text: inout [UInt8]
    ) {
        let labels = Array(zip(snapshot.labels, series.labels))
        switch series.value {
        case .integer(let value):
            appendStart(snapshot.name, labels, to: &text)
            text.append(decimal: value)
        case .real(let value):
            appendStart(snapshot.name, labels, to: &text)
            append(number: value, to: &text)
        case .histogram(let bounds, let counts, let sum):
            var count: Int64 = 0
            for (bound, part) in zip(bounds + [.infinity], counts) {
                count += part
                var bucket: [UInt8] = []
                append(bound: bound, to: &bucket)
                appendStart(
                    snapshot.name + "_bucket", labels + [("le", String(decoding: bucket, as: UTF8.self))],
                    to: &text)
                text.append(decimal: count)
                text.append("\n")
            }
            appendStart(snapshot.name + "_sum", labels, to: &text)
            append(number: sum, to: &text)
            text.append("\n")
            appendStart(snapshot.name + "_count", labels, to: &text)
            text.append(decimal: count)
        }
        text.append("\n")
    }

    private func appendStart(
        _ name: String, _ labels: [(name: String, value: String)], to text: inout [UInt8]
    ) {
        text.append(text: name)
        for (index, label) in labels.enumerated() {
            text.append(index == 0 ? "{" : ",")
            text.append(text: label.name)
            text.append("=\"")
            appendEscaped(label.value, quotes: true, to: &text)
            text.append("\"")
        }
        text.append(labels.isEmpty ? " " : "} ")
    }

    private func appendEscaped(_ value: String, quotes: Bool, to text: inout [UInt8]) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): text.append("\\\\")
            case UInt8(ascii: "\n"): text.append("\\n")
            case UInt8(ascii: "\"") where quotes: text.append("\\\"")
            default: text.append(byte)
            }
        }
    }

    private func append(number: Double, to text: inout [UInt8]) {
        if number.isNaN { return text.append("NaN") }
        if number.isInfinite { return text.append(number < 0 ? "-Inf" : "+Inf") }
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 {
            return text.append(decimal: whole)
        }
        text.append(text: "\(number)")
    }

    /// OpenMetrics asks for `1.0` where Prometheus writes `1`.
    private func append(bound: Double, to text: inout [UInt8]) {
        append(number: bound, to: &text)
        if self == .openMetrics, bound.isFinite, bound == bound.rounded() { text.append(".0") }
    }
}
