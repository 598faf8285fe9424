import Glibc

/// Looks at the lines of a head or of trailers before llhttp does, and refuses what llhttp lets pass: line feeds alone,
/// folded lines, fields without a name, protocols that are not HTTP, and white space without end.
///
/// Whoever reads a line otherwise than a proxy before us can be made to see another request than the proxy saw.
struct HTTP1LineCheck {
    private enum Stage {
        /// → fields
        case requestLine
        /// → passed
        case fields
        /// Behind the empty line → requestLine, fields
        case passed
    }

    private var stage = Stage.requestLine
    private var lineLength = 0
    private var spaces = 0
    /// The last eight bytes of the line so far.
    private var tail: UInt64 = 0
    private var bytesLeft: Int

    /// At most so many bytes may come up to the empty line, white space and all.
    init(bytesMax: Int) { bytesLeft = bytesMax }

    /// Gets ready for the next message.
    mutating func beginMessage(bytesMax: Int) {
        self = HTTP1LineCheck(bytesMax: bytesMax)
    }

    /// Gets ready for the trailers of the message; what they may take is what the head has left.
    mutating func beginTrailers() {
        stage = .fields
        (lineLength, tail) = (0, 0)
    }

    /// Looks at the bytes up to the empty line, if it is among them; nil when there is nothing against them.
    mutating func check(_ bytes: UnsafeRawBufferPointer) -> HTTP1Failure? {
        guard let base = bytes.baseAddress else { return nil }
        var start = 0
        while start < bytes.count, stage != .passed {
            let feed = unsafe memchr(base + start, 0x0a, bytes.count - start).map {
                unsafe base.distance(to: $0)
            }
            let end = feed ?? bytes.count
            let segment = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if let failure = unsafe see(segment) { return failure }
            bytesLeft -= end - start + 1
            // Empty lines before a request are nobody's target.
            let isTarget = stage == .requestLine && lineLength > 1
            guard bytesLeft >= 0 else { return isTarget ? .targetTooLong : .headersTooLarge }
            if feed != nil, let failure = endLine() { return failure }
            start = end + 1
        }
        return nil
    }

    /// Takes a part of a line, its line feed left out.
    private mutating func see(_ segment: UnsafeRawBufferPointer) -> HTTP1Failure? {
        guard let first = unsafe segment.first else { return nil }
        if lineLength == 0, stage == .fields {
            if first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") { return .malformed("Folded line") }
            if first == UInt8(ascii: ":") { return .malformed("Field without a name") }
        }
        if stage == .requestLine {
            for index in 0..<segment.count where unsafe segment[index] == UInt8(ascii: " ") { spaces += 1 }
            guard spaces <= 2 else { return .malformed("More than two spaces in the request line") }
        }
        for index in max(0, segment.count - 8)..<segment.count {
            tail = unsafe tail << 8 | UInt64(segment[index])
        }
        lineLength += segment.count
        return nil
    }

    private mutating func endLine() -> HTTP1Failure? {
        guard lineLength > 0, tail & 0xff == 0x0d else {
            return .malformed("Line feed without carriage return")
        }
        let isEmpty = lineLength == 1
        switch stage {
        case .requestLine where !isEmpty:
            // "HTTP/1.1" and the carriage return are nine bytes, of which the tail has eight.
            guard lineLength > 9, tail >> 32 == Self.slash else { return .malformed("Expected HTTP/") }
            stage = .fields
        case .fields where isEmpty: stage = .passed
        default: break
        }
        (lineLength, tail) = (0, 0)
        return nil
    }

    /// "TTP/", as it stands before the four last bytes of a request line.
    private static let slash: UInt64 = 0x5454_502f
}
