public import Base

/// One event of a `text/event-stream`.
public struct ServerSentEvent: Sendable, Equatable {
    /// The event's type; nil is the browser's `message`.
    public var name: String?
    /// What a client sends back as `Last-Event-ID` when it connects again.
    public var id: String?
    /// The payload; may have many lines.
    public var data: Bytes
    /// How long a client waits before it connects again, in whole milliseconds.
    public var retry: Duration?

    /// Makes an event.
    public init(name: String? = nil, id: String? = nil, data: Bytes, retry: Duration? = nil) {
        self.name = name
        self.id = id
        self.data = data
        self.retry = retry
    }

    /// Appends the event as it goes over the wire.
    ///
    /// Line breaks cannot start a field of their own: in `data` each line gets its own `data:` (so CR and CRLF
    /// arrive as LF), in `name` and `id` they are left out, as is NUL, which makes clients ignore an `id`.
    public func encode(onto output: inout [UInt8]) {
        if let name { Self.field("event: ", name, onto: &output) }
        if let id { Self.field("id: ", id, onto: &output) }
        if let retry {
            let parts = retry.components
            let milliseconds = parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000
            Self.field("retry: ", String(max(0, milliseconds)), onto: &output)
        }
        unsafe data.withUnsafeBytes { unsafe Self.lines("data: ", $0.bytes, onto: &output) }
        output.append(UInt8(ascii: "\n"))
    }

    /// Appends a comment, which clients ignore: a heartbeat that keeps proxies from closing the connection.
    public static func encodeComment(_ text: String = "", onto output: inout [UInt8]) {
        unsafe lines(": ", text.utf8.span.bytes, onto: &output)
        output.append(UInt8(ascii: "\n"))
    }

    private static func field(_ name: StaticString, _ value: String, onto output: inout [UInt8]) {
        append(name, onto: &output)
        for byte in value.utf8 where byte != 0x0A && byte != 0x0D && byte != 0 { output.append(byte) }
        output.append(UInt8(ascii: "\n"))
    }

    private static func lines(_ name: StaticString, _ text: RawSpan, onto output: inout [UInt8]) {
        output.reserveCapacity(output.count + text.byteCount + 16)
        var start = 0
        while true {
            append(name, onto: &output)
            let end = lineEnd(in: text, from: start)
            let line = text.extracting(start..<end)
            unsafe line.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
            output.append(UInt8(ascii: "\n"))
            guard end < text.byteCount else { return }
            let isCRLF = end + 1 < text.byteCount && byte(end, text) == 0x0D && byte(end + 1, text) == 0x0A
            start = end + (isCRLF ? 2 : 1)
        }
    }

    private static func lineEnd(in text: RawSpan, from start: Int) -> Int {
        var end = start
        while end < text.byteCount, byte(end, text) != 0x0A, byte(end, text) != 0x0D { end += 1 }
        return end
    }

    private static func byte(_ offset: Int, _ span: RawSpan) -> UInt8 {
        unsafe span.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    private static func append(_ text: StaticString, onto output: inout [UInt8]) {
        unsafe output.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
