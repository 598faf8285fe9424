/// Where a request stands in a distributed trace: the W3C `traceparent` header.
public struct TraceParent: Sendable, Hashable {
    private let traceHigh: UInt64
    private let traceLow: UInt64
    /// The id of the span that is the parent of what comes next; never zero.
    public let spanID: UInt64
    /// Whether the caller records this trace.
    public let isSampled: Bool

    private init(high: UInt64, low: UInt64, spanID: UInt64, isSampled: Bool) {
        traceHigh = high
        traceLow = low
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// The start of a new trace.
    public init(startingWith ids: IDSource, isSampled: Bool = false) {
        self.init(high: ids.spanID(), low: ids.spanID(), spanID: ids.spanID(), isSampled: isSampled)
    }

    /// Reads the header's value; nil where the specification says that it must be ignored.
    ///
    /// Version 00 is exactly 55 bytes; a later version may go on after one more `-`.
    public init?(_ text: Bytes) {
        let dash = UInt8(ascii: "-")
        guard text.count >= 55, text[2] == dash, text[35] == dash, text[52] == dash,
            let version = TraceParent.number(text, 0, 2), version != 0xff,
            text.count == 55 || version != 0 && text[55] == dash,
            let high = TraceParent.number(text, 3, 16), let low = TraceParent.number(text, 19, 16),
            high | low != 0,
            let spanID = TraceParent.number(text, 36, 16), spanID != 0,
            let flags = TraceParent.number(text, 53, 2)
        else { return nil }
        self.init(high: high, low: low, spanID: spanID, isSampled: flags & 1 == 1)
    }

    /// The same trace, one span further.
    public func child(_ ids: IDSource) -> TraceParent {
        TraceParent(high: traceHigh, low: traceLow, spanID: ids.spanID(), isSampled: isSampled)
    }

    /// Appends the trace's id: 32 digits.
    public func appendTraceID(to text: inout [UInt8]) {
        text.append(hexadecimal: traceHigh)
        text.append(hexadecimal: traceLow)
    }

    /// Appends the span's id: 16 digits.
    public func appendSpanID(to text: inout [UInt8]) { text.append(hexadecimal: spanID) }

    /// Appends the header's value, in version 00.
    public func append(to text: inout [UInt8]) {
        text.append("00-")
        appendTraceID(to: &text)
        text.append("-")
        appendSpanID(to: &text)
        text.append(isSampled ? "-01" : "-00")
    }

    /// The number in lowercase hexadecimal digits, which are the only ones that the header may have.
    private static func number(_ text: Bytes, _ start: Int, _ count: Int) -> UInt64? {
        var result: UInt64 = 0
        for index in start..<start + count {
            guard let value = Hex.value(text[index]), text[index] > 0x60 || value < 10 else { return nil }
            result = result << 4 | UInt64(value)
        }
        return result
    }
}

extension TraceParent: CustomStringConvertible {
    /// The header's value, in version 00.
    public var description: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Appends all 16 hexadecimal digits of a number.
    fileprivate mutating func append(hexadecimal number: UInt64) {
        append(addingCapacity: 16) { output in
            for place in 0..<16 {
                output.append(Hex.digit(UInt8(truncatingIfNeeded: number >> (60 - 4 * UInt64(place)) & 15)))
            }
        }
    }
}
