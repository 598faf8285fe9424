extension [UInt8] {
    /// Longer texts are cut, so that no peer can fill the log with one line.
    private static let textMax = 8192

    /// Appends a text so that it can neither end the line nor steer a terminal.
    ///
    /// The escapes are JSON's. Escaped are quotes, backslashes, all control characters (C0, DEL, C1), and the
    /// Unicode characters that end lines or turn the direction of writing.
    mutating func append(escaped text: String) {
        var text = text
        text.withUTF8 { utf8 in
            var end = utf8.count
            if end > [UInt8].textMax {
                end = [UInt8].textMax
                // A continuation byte here would mean that a character is cut in two.
                while end > 0, unsafe utf8[end] & 0xc0 == 0x80 { end -= 1 }
            }
            var start = 0
            var index = 0
            while index < end {
                let byte = unsafe utf8[index]
                if byte >= 0x20, byte < 0x7f, byte != 0x22, byte != 0x5c {
                    index += 1
                    continue
                }
                let length = unsafe [UInt8].escapeLength(utf8, index)
                if length > 0 {
                    unsafe append(contentsOf: utf8[start..<index])
                    unsafe append(escape: utf8, index, length)
                    start = index + length
                }
                index += length > 0 ? length : 1
            }
            unsafe append(contentsOf: utf8[start..<end])
            if end < utf8.count { append(text: "…") }
        }
    }

    /// How many bytes of the character here must be escaped; zero where it may stand as it is.
    @inline(always)
    private static func escapeLength(_ utf8: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        switch unsafe utf8[index] {
        case 0..<0x20, 0x22, 0x5c, 0x7f: 1
        case 0xc2: unsafe utf8[index + 1] < 0xa0 ? 2 : 0
        case 0xe2:
            switch unsafe (utf8[index + 1], utf8[index + 2]) {
            case (0x80, 0xa8...0xae), (0x81, 0xa6...0xa9): 3
            default: 0
            }
        default: 0
        }
    }

    private mutating func append(escape utf8: UnsafeBufferPointer<UInt8>, _ index: Int, _ length: Int) {
        let code: UInt32
        switch length {
        case 1: code = unsafe UInt32(utf8[index])
        case 2: code = unsafe UInt32(utf8[index + 1])
        default: code = unsafe 0x2000 | UInt32(utf8[index + 1] & 0x3f) << 6 | UInt32(utf8[index + 2] & 0x3f)
        }
        switch code {
        case 0x22: append("\\\"")
        case 0x5c: append("\\\\")
        case 0x0a: append("\\n")
        case 0x0d: append("\\r")
        case 0x09: append("\\t")
        default:
            append("\\u")
            for shift in [UInt32(12), 8, 4, 0] {
                append(Hex.digit(UInt8(truncatingIfNeeded: code >> shift & 15)))
            }
        }
    }
}
