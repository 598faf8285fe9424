public import Base
import Glibc

/// The fields of a request or an answer: one block of bytes and a table of where each name and value stands.
///
/// Names are lower case. Order and repetitions are kept. The block holds the lines of HTTP/1 (`name: value`, CR, LF),
/// so that an answer's fields are written by one copy.
public struct HeaderFields: Sendable, Hashable {
    /// Where a field stands in the block.
    ///
    /// A colon and a space stand between the name and the value.
    struct Place: Sendable, Hashable {
        var start: UInt32
        var nameLength: UInt16
        var valueLength: UInt32

        var nameRange: Range<Int> { Int(start)..<Int(start) + Int(nameLength) }
        var valueRange: Range<Int> {
            let begin = Int(start) + Int(nameLength) + 2
            return begin..<begin + Int(valueLength)
        }
    }

    var block: [UInt8]
    var places: [Place]
    /// Where the first line begins; a request's target may stand before it.
    var linesStart = 0

    /// No fields.
    public init() {
        block = []
        places = []
    }

    init(block: [UInt8], places: [Place]) {
        self.block = block
        self.places = places
    }

    /// The number of fields.
    public var count: Int { places.count }
    /// Whether there are none.
    public var isEmpty: Bool { places.isEmpty }

    /// Appends a field.
    ///
    /// The name must be a token and the value free of line breaks; `HeaderFields.isValid` tells.
    public mutating func append(_ name: String, _ value: String) {
        append(Bytes(name.lowercased()), Bytes(value))
    }

    /// Appends a field whose name is in lower case already.
    ///
    /// What would end the line becomes a space, so that a value from outside never makes fields of its own.
    public mutating func append(_ name: Bytes, _ value: Bytes) {
        let start = block.count
        places.append(
            Place(
                start: UInt32(start), nameLength: UInt16(truncatingIfNeeded: name.count),
                valueLength: UInt32(value.count)))
        unsafe name.withUnsafeBytes { unsafe block.append(contentsOf: $0) }
        block.append(UInt8(ascii: ":"))
        block.append(UInt8(ascii: " "))
        unsafe value.withUnsafeBytes { unsafe block.append(contentsOf: $0) }
        for index in start..<block.count where Self.endsLine(block[index]) { block[index] = 0x20 }
        block.append(UInt8(ascii: "\r"))
        block.append(UInt8(ascii: "\n"))
    }

    /// Makes room for more fields, so that several that follow cost one allocation.
    public mutating func reserve(fields count: Int, bytes: Int) {
        block.reserveCapacity(block.count + bytes)
        places.reserveCapacity(places.count + count)
    }

    /// Appends all fields of another block, by one copy.
    public mutating func append(contentsOf other: HeaderFields) {
        let shift = UInt32(block.count)
        block.append(contentsOf: other.block[other.linesStart...])
        places.reserveCapacity(places.count + other.places.count)
        for var place in other.places {
            place.start = place.start - UInt32(other.linesStart) + shift
            places.append(place)
        }
    }

    /// The value of the first field of that name (in lower case), as text.
    public subscript(name: StaticString) -> String? {
        guard let index = index(of: name) else { return nil }
        return text(index)
    }

    /// The value of the first field of that name (in lower case), as bytes.
    public func bytes(_ name: StaticString) -> Bytes? {
        guard let index = index(of: name) else { return nil }
        return value(index)
    }

    /// Whether a field of that name (in lower case) is there.
    public func contains(_ name: StaticString) -> Bool { index(of: name) != nil }

    /// All values of that name (in lower case), in order.
    public func all(_ name: StaticString) -> [Bytes] {
        places.indices.filter { matches($0, name) }.map(value)
    }

    /// How many fields have that name (in lower case).
    public func count(of name: StaticString) -> Int {
        var count = 0
        for index in places.indices where matches(index, name) { count += 1 }
        return count
    }

    /// Ends the line of the last field, without the white space behind its value.
    mutating func endLast() {
        guard let last = places.indices.last else { return }
        while places[last].valueLength > 0, block[block.count - 1] == 0x20 || block[block.count - 1] == 0x09 {
            block.removeLast()
            places[last].valueLength -= 1
        }
        block.append("\r\n")
    }

    /// The name of field `index`.
    public func name(_ index: Int) -> Bytes {
        Bytes(block[places[index].nameRange])
    }

    /// The value of field `index`.
    public func value(_ index: Int) -> Bytes {
        Bytes(block[places[index].valueRange])
    }

    private func text(_ index: Int) -> String {
        String(decoding: block[places[index].valueRange], as: UTF8.self)
    }

    private func index(of name: StaticString) -> Int? {
        for index in places.indices where matches(index, name) { return index }
        return nil
    }

    private func matches(_ index: Int, _ name: StaticString) -> Bool {
        let place = places[index]
        guard Int(place.nameLength) == name.utf8CodeUnitCount else { return false }
        let start = Int(place.start)
        return unsafe block.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return false }
            return unsafe memcmp(base + start, name.utf8Start, Int(place.nameLength)) == 0
        }
    }

    /// Whether a comma-separated list (`Connection`, `Accept-Encoding`…) holds a token, whatever its case.
    public func list(_ name: StaticString, has token: StaticString) -> Bool {
        for value in all(name) {
            for part in value.split(separator: UInt8(ascii: ",")) {
                if Self.trimmed(part).equalsIgnoringCase(token) { return true }
            }
        }
        return false
    }

    private static func trimmed(_ bytes: Bytes) -> Bytes {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return bytes.part(start, end - start)
    }

    /// Whether a field could go over the wire as it is: a token for a name, no control characters in the value.
    public static func isValid(name: Bytes, value: Bytes) -> Bool {
        !name.isEmpty && name.allSatisfy { isTokenByte($0) }
            && value.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7f) }
    }

    private static func endsLine(_ byte: UInt8) -> Bool { byte == 0x0d || byte == 0x0a || byte == 0 }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case 0x21, 0x23...0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e, 0x5f, 0x60, 0x7c, 0x7e: true
        default: false
        }
    }
}

extension HeaderFields: RandomAccessCollection {
    /// The first index.
    public var startIndex: Int { 0 }
    /// The index behind the last field.
    public var endIndex: Int { places.count }
    /// A field by its place.
    public subscript(position: Int) -> (name: Bytes, value: Bytes) { (name(position), value(position)) }
}

extension HeaderFields: ExpressibleByDictionaryLiteral {
    /// Fields in order.
    public init(dictionaryLiteral fields: (String, String)...) {
        self.init()
        for (name, value) in fields { append(name, value) }
    }
}

extension Bytes {
    /// Whether these bytes are `text` (ASCII), whatever the case.
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return unsafe withUnsafeBytes { raw in
            for index in 0..<raw.count
            where unsafe asciiLowercased(raw[index]) != asciiLowercased(text.utf8Start[index]) {
                return false
            }
            return true
        }
    }
}

@inline(__always) func asciiLowercased(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

// MARK: HTTP/1

extension HeaderFields {
    /// How many bytes the fields take on the wire.
    public var blockSize: Int { block.count - linesStart }

    /// Appends every field as a line.
    public func append(to output: inout [UInt8]) {
        unsafe block.withUnsafeBytes { unsafe output.append(contentsOf: $0[linesStart...]) }
    }
}
