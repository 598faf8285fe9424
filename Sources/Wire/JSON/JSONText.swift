/// How texts are escaped and UTF-8 is checked, for the writer and the diagnosis.
enum JSONText {
    /// How many bytes the first character takes, or 0 where the memory does not begin with valid UTF-8.
    static func sequenceLength(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        func isContinuation(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            offset < bytes.count && range.contains(unsafe bytes[offset])
        }
        guard let first = unsafe bytes.first else { return 0 }
        switch first {
        case 0..<0x80: return 1
        case 0xC2...0xDF: return isContinuation(1) ? 2 : 0
        case 0xE0...0xEF:
            // No longer form than needed, and no surrogate.
            let second: ClosedRange<UInt8> =
                first == 0xE0 ? 0xA0...0xBF : first == 0xED ? 0x80...0x9F : 0x80...0xBF
            return isContinuation(1, second) && isContinuation(2) ? 3 : 0
        case 0xF0...0xF4:
            let second: ClosedRange<UInt8> =
                first == 0xF0 ? 0x90...0xBF : first == 0xF4 ? 0x80...0x8F : 0x80...0xBF
            return isContinuation(1, second) && isContinuation(2) && isContinuation(3) ? 4 : 0
        default: return 0
        }
    }

    /// The offset of the first byte that a JSON text cannot hold as it is, or the count where there is none.
    ///
    /// Those are quotes, backslashes and control characters, and with `all` every byte outside ASCII.
    static func plainRun(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, stopsOutsideASCII all: Bool)
        -> Int
    {
        guard let base = unsafe UnsafeRawPointer(bytes.baseAddress) else { return start }
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var position = start
        // Eight bytes at once: a high bit is set where a byte is below a bound, or equal to one sought.
        while position + 8 <= bytes.count {
            let word = unsafe base.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            var hit = (word &- ones &* 0x20) & ~word
            hit |= (quote &- ones) & ~quote
            hit |= (slash &- ones) & ~slash
            if all { hit |= word }
            if hit & highs != 0 { break }
            position += 8
        }
        while position < bytes.count {
            let byte = unsafe bytes[position]
            if byte < 0x20 || byte == 0x22 || byte == 0x5C || (all && byte >= 0x80) { break }
            position += 1
        }
        return position
    }

    /// Appends the escape of a quote, a backslash or a control character.
    static func appendEscape(of byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x09: output.append(UInt8(ascii: "t"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        default:
            output.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
            output.append(hexDigit(byte >> 4))
            output.append(hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// Appends UTF-8 with what JSON wants escaped; bytes that are not UTF-8 become U+FFFD, one for each.
    ///
    /// `isValid` says that the bytes are known to be UTF-8, so that nobody looks twice.
    static func append(
        _ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8], isValid: Bool,
        escapesLineSeparators: Bool
    ) {
        let looksCloser = !isValid || escapesLineSeparators
        var position = 0
        while true {
            let end = unsafe plainRun(bytes, from: position, stopsOutsideASCII: looksCloser)
            if end > position {
                unsafe output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[position..<end]))
            }
            guard end < bytes.count else { return }
            let byte = unsafe bytes[end]
            guard byte >= 0x80 else {
                appendEscape(of: byte, to: &output)
                position = end + 1
                continue
            }
            let rest = unsafe UnsafeBufferPointer(rebasing: bytes[end...])
            let length = unsafe sequenceLength(rest)
            if length == 0 {
                output.append(contentsOf: [0xEF, 0xBF, 0xBD])
            } else if unsafe escapesLineSeparators && length == 3 && isLineSeparator(rest) {
                let last = unsafe rest[2] == 0xA8 ? UInt8(ascii: "8") : UInt8(ascii: "9")
                output.append(contentsOf: [0x5C, 0x75, 0x32, 0x30, 0x32, last])
            } else {
                unsafe output.append(contentsOf: rest.prefix(length))
            }
            position = end + max(1, length)
        }
    }

    /// U+2028 and U+2029.
    private static func isLineSeparator(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe bytes[0] == 0xE2 && bytes[1] == 0x80 && bytes[2] & 0xFE == 0xA8
    }
}
