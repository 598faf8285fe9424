/// Checks text that arrives in pieces; notices the first byte that cannot be UTF-8 as soon as it is there.
struct UTF8Check: Sendable {
    /// Bytes that the current character still needs.
    private var missing: UInt8 = 0
    /// What the next of them may be: narrower than 80...BF after a first byte that allows overlong forms,
    /// surrogates or more than U+10FFFF.
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    /// Whether the text may end here.
    var isComplete: Bool { missing == 0 }

    /// Takes in the next piece; false when the text is not UTF-8.
    mutating func check(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < text.count {
            if missing == 0 {
                while unsafe index + 8 <= text.count
                    && text.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                { index += 8 }
                guard index < text.count else { return true }
            }
            guard step(unsafe text[index]) else { return false }
            index += 1
        }
        return true
    }

    @inline(__always) private mutating func step(_ byte: UInt8) -> Bool {
        if missing > 0 {
            guard byte >= low && byte <= high else { return false }
            (low, high) = (0x80, 0xBF)
            missing -= 1
            return true
        }
        switch byte {
        case 0x00...0x7F: break
        case 0xC2...0xDF: missing = 1
        case 0xE0: (missing, low) = (2, 0xA0)
        case 0xED: (missing, high) = (2, 0x9F)
        case 0xE1...0xEF: missing = 2
        case 0xF0: (missing, low) = (3, 0x90)
        case 0xF1...0xF3: missing = 3
        case 0xF4: (missing, high) = (3, 0x8F)
        default: return false
        }
        return true
    }
}
