public import Base

/// What a JSON value is.
public enum JSONKind: String, Sendable {
    case object, array, string
    /// A number without point and exponent.
    case integer
    /// A number with a point or an exponent.
    case double
    case bool, null
}

/// A value within a parsed document; small, and cheap to make.
///
/// The accessors answer nil where the value is of another kind, so that chains read
/// `document["message"]?["chat"]?["id"]?.int64`.
public struct JSONView: Sendable {
    let tape: JSONTape
    let index: Int

    init(_ tape: JSONTape, _ index: Int) {
        self.tape = tape
        self.index = index
    }

    /// What the value is.
    public var kind: JSONKind {
        switch tape.type(index) {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "l"), UInt8(ascii: "u"): .integer
        case UInt8(ascii: "d"): .double
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        default: .null
        }
    }

    /// The first member of that name, where this is an object that has it; linear in the number of members.
    public subscript(name: String) -> JSONView? {
        // Consuming hands the reference to the tape along a chain instead of counting it at each step.
        consuming get {
            guard tape.type(index) == UInt8(ascii: "{") else { return nil }
            var name = name
            let found = name.withUTF8 { unsafe tape.find($0, in: index) }
            guard let found else { return nil }
            return JSONView(tape, found)
        }
    }

    /// The element at that place, where this is an array that long; linear in the place.
    public subscript(position: Int) -> JSONView? {
        guard tape.type(index) == UInt8(ascii: "["), position >= 0 else { return nil }
        let end = tape.after(index) - 1
        var next = index + 1
        for _ in 0..<position where next < end { next = tape.after(next) }
        return next < end ? JSONView(tape, next) : nil
    }

    /// Whether the value is `null`.
    public var isNull: Bool { tape.type(index) == UInt8(ascii: "n") }

    /// The truth value.
    public var bool: Bool? {
        switch tape.type(index) {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The integer, if 64 bits with a sign hold it exactly; `3.0` counts as 3.
    public var int64: Int64? { integer(as: Int64.self) }

    /// The integer, if 64 bits without a sign hold it exactly; `3.0` counts as 3.
    public var uint64: UInt64? { integer(as: UInt64.self) }

    /// The integer, if an `Int` holds it exactly; `3.0` counts as 3.
    public var int: Int? { integer(as: Int.self) }

    /// The number as a double: of integers past 2^53 the nearest.
    public var double: Double? {
        switch tape.type(index) {
        case UInt8(ascii: "d"): Double(bitPattern: unsafe tape.words[index + 1])
        case UInt8(ascii: "l"): Double(Int64(bitPattern: unsafe tape.words[index + 1]))
        case UInt8(ascii: "u"): Double(unsafe tape.words[index + 1])
        default: nil
        }
    }

    /// The text.
    public var string: String? {
        guard tape.type(index) == UInt8(ascii: "\"") else { return nil }
        return unsafe String(decoding: tape.text(index), as: UTF8.self)
    }

    /// The UTF-8 of the text, unescaped, in a storage of its own.
    public var bytes: Bytes? {
        guard tape.type(index) == UInt8(ascii: "\"") else { return nil }
        return unsafe Bytes(Array(tape.text(index)))
    }

    /// Lends the UTF-8 of the text, unescaped, without a copy; nil where this is no text.
    public func withText<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R? {
        guard tape.type(index) == UInt8(ascii: "\"") else { return nil }
        return try body(unsafe UnsafeRawBufferPointer(tape.text(index)).bytes)
    }

    /// Whether this is that very text.
    public func isText(_ text: String) -> Bool {
        guard tape.type(index) == UInt8(ascii: "\"") else { return false }
        var text = text
        return text.withUTF8 { wanted in
            let found = unsafe tape.text(index)
            return unsafe wanted.count == found.count && same(found, wanted)
        }
    }

    /// Where the value begins and ends in the input; linear in what stands before it.
    public var sourceRange: Range<Int> { tape.sourceRange(index) }

    /// The value as it came, byte for byte, in a storage of its own; linear in what stands before it.
    public var raw: Bytes {
        let range = tape.sourceRange(index)
        return unsafe Bytes(
            Array(UnsafeBufferPointer(start: tape.source + range.lowerBound, count: range.count)))
    }

    /// The integer as a type of Swift, if that holds it exactly.
    func integer<T: FixedWidthInteger>(as type: T.Type) -> T? {
        switch tape.type(index) {
        case UInt8(ascii: "l"): return T(exactly: Int64(bitPattern: unsafe tape.words[index + 1]))
        case UInt8(ascii: "u"): return T(exactly: unsafe tape.words[index + 1])
        case UInt8(ascii: "d"):
            let double = Double(bitPattern: unsafe tape.words[index + 1])
            // Past 2^53 a double no longer says which integer was meant.
            guard double.magnitude <= 9_007_199_254_740_992 else { return nil }
            return T(exactly: double)
        default: return nil
        }
    }
}
