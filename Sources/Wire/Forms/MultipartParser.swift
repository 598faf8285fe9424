public import Base
import Glibc

/// Reads a `multipart/form-data` body (RFC 7578) that arrives in pieces cut anywhere.
///
/// It holds no more than the head of a part and a boundary's length of what it was given.
public struct MultipartParser: Sendable {
    /// What a body may be at most; its length is for whoever reads it to hold down.
    public struct Limits: Sendable {
        /// The most parts.
        public var partsMax: Int
        /// The most bytes in the head of one part.
        public var headBytesMax: Int

        /// Limits that suit forms with a handful of files.
        public init(partsMax: Int = 256, headBytesMax: Int = 8 << 10) {
            self.partsMax = partsMax
            self.headBytesMax = headBytesMax
        }
    }

    /// What was read.
    public enum Event: Sendable, Equatable {
        /// A part begins.
        case begin(MultipartPart.Head)
        /// More bytes of the part.
        case data(Bytes)
        /// The part is complete.
        case end
    }

    private enum State {
        /// Before the first boundary. Next: boundaryLine.
        case preamble
        /// Right behind a boundary. Next: head, epilogue.
        case boundaryLine
        /// In the head of a part. Next: body.
        case head
        /// In the bytes of a part. Next: boundaryLine.
        case body
        /// Behind the last boundary, where whatever comes means nothing.
        case epilogue
    }

    private let limits: Limits
    /// Line break, two hyphens, boundary.
    private let delimiter: [UInt8]
    private var state = State.preamble
    /// What was given and is not yet understood.
    private var pending: [UInt8]
    private var partCount = 0

    /// Makes a parser for a body whose parts are divided by this boundary.
    public init(boundary: Bytes, limits: Limits = Limits()) {
        self.limits = limits
        delimiter = Array("\r\n--".utf8) + boundary.array
        // The first boundary may stand at the very start, where no line was before it.
        pending = [0x0D, 0x0A]
    }

    /// The boundary that a `Content-Type` names; nil where that is no `multipart/form-data`, or has none.
    public static func boundary(ofContentType value: Bytes) -> Bytes? {
        let reader = ParameterReader(value)
        guard reader.kind.equalsIgnoringCase("multipart/form-data"), let boundary = reader["boundary"],
            (1...70).contains(boundary.count), boundary.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return boundary
    }

    /// Takes in the next piece and calls `event` with what is now known.
    ///
    /// After an error the parser is of no further use.
    public mutating func parse(_ piece: Bytes, _ event: (Event) -> Void) throws(FormError) {
        if case .epilogue = state { return }
        pending.append(contentsOf: piece)
        var start = 0
        while try step(&start, event) {}
        pending.removeFirst(start)
    }

    /// Says that nothing more comes; throws where the last boundary is missing.
    public func finish() throws(FormError) {
        guard case .epilogue = state else { throw .malformed("it ends before its last boundary") }
    }

    /// Understands one thing more; false where more bytes are needed for that.
    private mutating func step(_ start: inout Int, _ event: (Event) -> Void) throws(FormError) -> Bool {
        switch state {
        case .preamble:
            guard let found = find(delimiter, from: start) else {
                start = max(start, pending.count - delimiter.count + 1)
                return false
            }
            start = found + delimiter.count
            state = .boundaryLine
        case .boundaryLine: return try readBoundaryLine(&start)
        case .head: return try readHead(&start, event)
        case .body:
            guard let found = find(delimiter, from: start) else {
                let end = max(start, pending.count - delimiter.count + 1)
                if end > start { event(.data(Bytes(pending[start..<end]))) }
                start = end
                return false
            }
            if found > start { event(.data(Bytes(pending[start..<found]))) }
            event(.end)
            start = found + delimiter.count
            state = .boundaryLine
        case .epilogue:
            start = pending.count
            return false
        }
        return true
    }

    private mutating func readBoundaryLine(_ start: inout Int) throws(FormError) -> Bool {
        guard pending.count >= start + 2 else { return false }
        if pending[start] == UInt8(ascii: "-"), pending[start + 1] == UInt8(ascii: "-") {
            state = .epilogue
            return true
        }
        // White space may have been added on the way.
        var index = start
        while index < pending.count, pending[index] == 0x20 || pending[index] == 0x09 { index += 1 }
        guard index - start <= limits.headBytesMax else { throw .headTooLarge(limits.headBytesMax) }
        guard pending.count >= index + 2 else { return false }
        guard pending[index] == 0x0D, pending[index + 1] == 0x0A else {
            throw .malformed("a boundary is followed by something else than the end of its line")
        }
        // The line break stays: a head without lines ends with it.
        start = index
        state = .head
        return true
    }

    private mutating func readHead(_ start: inout Int, _ event: (Event) -> Void) throws(FormError) -> Bool {
        guard let end = find([0x0D, 0x0A, 0x0D, 0x0A], from: start) else {
            guard pending.count - start <= limits.headBytesMax else {
                throw .headTooLarge(limits.headBytesMax)
            }
            return false
        }
        guard end - start <= limits.headBytesMax else { throw .headTooLarge(limits.headBytesMax) }
        guard partCount < limits.partsMax else { throw .tooManyParts(limits.partsMax) }
        partCount += 1
        let lines = end > start ? Bytes(pending[start + 2..<end]) : Bytes()
        event(.begin(try MultipartPart.Head(lines: lines)))
        start = end + 4
        state = .body
        return true
    }

    private func find(_ needle: [UInt8], from start: Int) -> Int? {
        unsafe pending.withUnsafeBytes { haystack -> Int? in
            guard let base = haystack.baseAddress else { return nil }
            var place = start
            while place + needle.count <= haystack.count {
                let rest = haystack.count - needle.count - place + 1
                guard let found = unsafe memchr(base + place, Int32(needle[0]), rest) else { return nil }
                place = unsafe UnsafeRawPointer(found) - base
                if unsafe memcmp(base + place, needle, needle.count) == 0 { return place }
                place += 1
            }
            return nil
        }
    }
}
