package import Base

/// Finds the first place at which bytes stop being JSON, and says in words why.
///
/// simdjson says only that an input is bad; this slower reader walks it again, once, to tell the sender where.
package struct JSONDiagnosis: ~Copyable, ~Escapable {
    private let bytes: Span<UInt8>
    private let depthMax: Int
    private var position = 0
    /// The open containers: true for an object.
    private var open: [Bool] = []

    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>, depthMax: Int) {
        self.bytes = bytes
        self.depthMax = depthMax
    }

    /// The error for an input that the parser refused.
    static func explain(_ bytes: Bytes, refused: JSONError.Code, depthMax: Int) -> JSONError {
        let found = check(bytes, depthMax: depthMax)
        return found ?? JSONError(refused, refused == .tooDeep ? tooDeep(depthMax) : "not valid JSON")
    }

    /// The first fault, or nil for an input that has none.
    package static func check(_ bytes: Bytes, depthMax: Int) -> JSONError? {
        unsafe bytes.withUnsafeBytes { memory in
            let span = unsafe Span<UInt8>(_unsafeElements: memory.assumingMemoryBound(to: UInt8.self))
            var diagnosis = JSONDiagnosis(span, depthMax: depthMax)
            do throws(JSONError) {
                try diagnosis.document()
                return nil
            } catch { return error }
        }
    }

    private static func tooDeep(_ depthMax: Int) -> String { "nested deeper than \(depthMax) levels" }

    private mutating func document() throws(JSONError) {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF {
            throw JSONError(.syntax, "a byte order mark does not belong to JSON", offset: 0)
        }
        try value()
        while let isObject = open.last { try member(of: isObject) }
        skipSpace()
        guard position == bytes.count else { throw fault("unexpected bytes after the value") }
    }

    /// Reads what follows a value within a container: its end, or a comma and the next value.
    private mutating func member(of isObject: Bool) throws(JSONError) {
        skipSpace()
        let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        if take(end) {
            open.removeLast()
            return
        }
        guard take(UInt8(ascii: ",")) else { throw fault("expected ',' or '\(isObject ? "}" : "]")'") }
        if isObject { try key() }
        try value()
    }

    /// Reads a scalar, or opens a container and reads the start of its first value.
    private mutating func value() throws(JSONError) {
        while true {
            skipSpace()
            guard position < bytes.count else { throw fault("expected a value") }
            switch bytes[position] {
            case UInt8(ascii: "{"):
                position += 1
                skipSpace()
                if take(UInt8(ascii: "}")) { return }
                try enter(isObject: true)
                try key()
            case UInt8(ascii: "["):
                position += 1
                skipSpace()
                if take(UInt8(ascii: "]")) { return }
                try enter(isObject: false)
            case UInt8(ascii: "\""): return try text()
            case UInt8(ascii: "t"): return try word("true")
            case UInt8(ascii: "f"): return try word("false")
            case UInt8(ascii: "n"): return try word("null")
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
            default: throw fault("expected a value")
            }
        }
    }

    private mutating func enter(isObject: Bool) throws(JSONError) {
        guard open.count < depthMax else {
            throw JSONError(.tooDeep, Self.tooDeep(depthMax), offset: position)
        }
        open.append(isObject)
    }

    private mutating func key() throws(JSONError) {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
            throw fault("expected a name in quotes")
        }
        try text()
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw fault("expected ':'") }
    }

    private mutating func word(_ word: StaticString) throws(JSONError) {
        let start = position
        for offset in 0..<word.utf8CodeUnitCount {
            guard take(unsafe word.utf8Start[offset]) else {
                throw position < bytes.count
                    ? JSONError(.syntax, "expected a value", offset: start) : fault("expected a value")
            }
        }
        try endOfScalar(start)
    }

    private mutating func number() throws(JSONError) {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        let first = position
        try digits()
        guard bytes[first] != UInt8(ascii: "0") || position == first + 1 else {
            throw JSONError(.syntax, "a number must not start with a zero", offset: first)
        }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isInteger = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let end = position
        try endOfScalar(start)
        guard isInteger ? fits(first..<end, isNegative: isNegative) : isFinite(start..<end) else {
            let room = isInteger ? "an integer that 64 bits do not hold" : "a number too large for a double"
            throw JSONError(.numberOutOfRange, room, offset: start)
        }
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while position < bytes.count, isDigit(bytes[position]) { position += 1 }
        guard position > start else { throw fault("expected a digit") }
    }

    private func fits(_ range: Range<Int>, isNegative: Bool) -> Bool {
        var sum: UInt64 = 0
        for index in range {
            let (tens, overTens) = sum.multipliedReportingOverflow(by: 10)
            let (next, overNext) = tens.addingReportingOverflow(UInt64(bytes[index] - UInt8(ascii: "0")))
            if overTens || overNext { return false }
            sum = next
        }
        return !isNegative || sum <= UInt64(Int64.max) + 1
    }

    private func isFinite(_ range: Range<Int>) -> Bool {
        // Of few digits and no great exponent no number is too large; most need no closer look.
        let mayBeLarge = range.count > 300 || range.contains { bytes[$0] | 0x20 == UInt8(ascii: "e") }
        guard mayBeLarge else { return true }
        let part = bytes.extracting(range)
        let text = unsafe part.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        return Double(text).map(\.isFinite) ?? false
    }

    /// A scalar ends where a space, a comma or a bracket follows, or nothing.
    private func endOfScalar(_ start: Int) throws(JSONError) {
        guard position < bytes.count else { return }
        switch bytes[position] {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): return
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"): return
        case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""): return
        default: throw fault("unexpected character")
        }
    }

    private mutating func text() throws(JSONError) {
        let start = position
        position += 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw fault("a control character in a text must be escaped")
            case 0x80...: try multibyte()
            default: position += 1
            }
        }
        throw JSONError(.syntax, "a text has no end", offset: start)
    }

    private mutating func escape() throws(JSONError) {
        let start = position
        position += 1
        guard position < bytes.count else { throw fault("a text has no end") }
        switch bytes[position] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            guard unit & 0xF800 == 0xD800 else { return }
            var isPair = false
            if unit < 0xDC00, take(UInt8(ascii: "\\")), position < bytes.count,
                bytes[position] == UInt8(ascii: "u")
            {
                isPair = try codeUnit() & 0xFC00 == 0xDC00
            }
            guard isPair else { throw JSONError(.syntax, "half of a surrogate pair", offset: start) }
        default: throw JSONError(.syntax, "unknown escape", offset: start)
        }
    }

    /// Reads `uXXXX`.
    private mutating func codeUnit() throws(JSONError) -> UInt16 {
        position += 1
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard position < bytes.count, let digit = hexDigit(bytes[position]) else {
                throw fault("expected four hexadecimal digits")
            }
            unit = unit << 4 | digit
            position += 1
        }
        return unit
    }

    private func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    private mutating func multibyte() throws(JSONError) {
        let room = min(4, bytes.count - position)
        let length = unsafe bytes.extracting(position..<position + room)
            .withUnsafeBufferPointer { unsafe JSONText.sequenceLength($0) }
        guard length > 0 else { throw JSONError(.invalidUTF8, "not UTF-8", offset: position) }
        position += length
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private func fault(_ message: String) -> JSONError {
        guard position < bytes.count else {
            return JSONError(.syntax, "\(message), found the end", offset: bytes.count)
        }
        return JSONError(.syntax, message, offset: position)
    }
}
