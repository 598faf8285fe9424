/// One event on its way to becoming a log line.
struct LogRecord {
    let level: LogLevel
    let label: String
    let message: String
    let context: TraceContext?
    let fields: LogFields

    func appendJSON(at time: Timestamp, to line: inout [UInt8]) {
        line.append("{\"time\":\"")
        time.appendRFC3339(to: &line)
        line.append("\",\"level\":\"")
        line.append(level.bytes)
        line.append("\",\"logger\":\"")
        line.append(escaped: label)
        line.append("\",\"message\":\"")
        line.append(escaped: message)
        line.append("\"")
        if let context { appendJSON(context, to: &line) }
        for (key, value) in fields.pairs {
            line.append(",\"")
            line.append(escaped: key)
            line.append(LogRecord.isReserved(key) ? "_\":" : "\":")
            line.append(json: value)
        }
        line.append("}\n")
    }

    func appendText(at time: Timestamp, isColoured: Bool, to line: inout [UInt8]) {
        time.appendRFC3339(to: &line)
        line.append(" ")
        if isColoured { line.append(level.colour) }
        line.append(level.column)
        if isColoured { line.append("\u{1b}[0m") }
        line.append(" ")
        line.append(escaped: label)
        line.append(": ")
        line.append(escaped: message)
        for (key, value) in fields.pairs {
            line.append(word: key, isColoured: isColoured)
            line.append(text: value)
        }
        if let context {
            line.append(word: "request", isColoured: isColoured)
            context.requestID.append(to: &line)
            if let id = context.correlationID {
                line.append(word: "correlation", isColoured: isColoured)
                line.append(quotedIfNeeded: id)
            }
        }
        line.append("\n")
    }

    private func appendJSON(_ context: TraceContext, to line: inout [UInt8]) {
        line.append(",\"request_id\":\"")
        context.requestID.append(to: &line)
        if let id = context.correlationID {
            line.append("\",\"correlation_id\":\"")
            line.append(escaped: id)
        }
        if let parent = context.parent {
            line.append("\",\"trace_id\":\"")
            parent.appendTraceID(to: &line)
            line.append("\",\"span_id\":\"")
            parent.appendSpanID(to: &line)
        }
        line.append("\"")
    }

    /// Whether the line itself uses the name; a field that has it gets an underscore behind it.
    private static func isReserved(_ key: String) -> Bool {
        // The first byte tells nearly all of them apart at once.
        switch key.utf8.first {
        case UInt8(ascii: "t"), UInt8(ascii: "l"), UInt8(ascii: "m"), UInt8(ascii: "r"), UInt8(ascii: "c"),
            UInt8(ascii: "s"):
            break
        default: return false
        }
        return switch key {
        case "time", "level", "logger", "message", "request_id", "correlation_id", "trace_id", "span_id": true
        default: false
        }
    }
}

extension LogLevel {
    fileprivate var column: StaticString {
        switch self {
        case .trace: "TRACE  "
        case .debug: "DEBUG  "
        case .info: "INFO   "
        case .warning: "WARNING"
        case .error: "ERROR  "
        }
    }

    fileprivate var colour: StaticString {
        switch self {
        case .trace, .debug: "\u{1b}[2m"
        case .info: "\u{1b}[32m"
        case .warning: "\u{1b}[33m"
        case .error: "\u{1b}[31m"
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(json value: LogValue) {
        switch value {
        case .integer(let number): append(decimal: number)
        case .bool(let value): append(value ? "true" : "false")
        case .real(let number) where number.isFinite: append(text: "\(number)")
        case .duration(let span): append(secondsOf: span.nanosecondsClamped)
        default:
            append("\"")
            append(escaped: value.text)
            append("\"")
        }
    }

    /// Appends a number of seconds with as many decimals as it needs.
    private mutating func append(secondsOf nanoseconds: Int64) {
        if nanoseconds < 0 { append(UInt8(ascii: "-")) }
        let (seconds, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        append(decimal: seconds)
        guard rest > 0 else { return }
        append(UInt8(ascii: "."))
        var left = rest
        var place: UInt64 = 100_000_000
        while left > 0 {
            append(0x30 + UInt8(truncatingIfNeeded: left / place))
            left %= place
            place /= 10
        }
    }

    fileprivate mutating func append(text value: LogValue) { append(quotedIfNeeded: value.text) }

    /// Appends ` key=`.
    fileprivate mutating func append(word key: String, isColoured: Bool) {
        append(isColoured ? " \u{1b}[2m" : " ")
        append(quotedIfNeeded: key)
        append(isColoured ? "=\u{1b}[0m" : "=")
    }

    fileprivate mutating func append(quotedIfNeeded text: String) {
        let isPlain = text.utf8.allSatisfy {
            $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 != 0x5c && $0 < 0x7f
        }
        if isPlain, !text.isEmpty { return append(escaped: text) }
        append("\"")
        append(escaped: text)
        append("\"")
    }
}

extension LogValue {
    fileprivate var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .bool(let value): "\(value)"
        case .duration(let span): "\(span)"
        case .time(let time): time.rfc3339
        case .bytes(let bytes): bytes.repairedText
        }
    }
}
