/// Base64 text (RFC 4648), read strictly: one text for each value, no white space, no stray bits at the end.
public struct Base64: Sendable {
    /// The alphabet with `+` and `/`; padded with `=`.
    public static let standard = Base64(alphabet: "+/", isPadded: true)
    /// The alphabet with `-` and `_`, as web addresses and tokens use it; never padded.
    public static let url = Base64(alphabet: "-_", isPadded: false)

    private let digits: [UInt8]
    /// What each byte stands for; 255 for what is no digit.
    private let values: [UInt8]
    private let isPadded: Bool

    private init(alphabet lastTwo: String, isPadded: Bool) {
        digits = Array(("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + lastTwo).utf8)
        var values = [UInt8](repeating: 255, count: 256)
        for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
        self.values = values
        self.isPadded = isPadded
    }

    /// The text of the bytes.
    public func encode(_ bytes: Bytes) -> String { String(decoding: encoded(bytes), as: UTF8.self) }

    /// The text of the bytes, as bytes itself.
    public func encoded(_ bytes: Bytes) -> [UInt8] {
        let digitCount = (bytes.count * 4 + 2) / 3
        let count = isPadded ? (bytes.count + 2) / 3 * 4 : digitCount
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            unsafe bytes.withUnsafeBytes { source in
                unsafe digits.withUnsafeBufferPointer { digits in
                    // SAFETY: three bytes become four digits, so that each digit's index is below `digitCount`.
                    var at = 0
                    for index in stride(from: 0, to: source.count, by: 3) {
                        var word = unsafe UInt32(source[index]) << 16
                        if index + 1 < source.count { unsafe word |= UInt32(source[index + 1]) << 8 }
                        if index + 2 < source.count { unsafe word |= UInt32(source[index + 2]) }
                        for position in 0..<min(4, digitCount - at) {
                            unsafe target[at] = digits[Int(word >> (18 - 6 * UInt32(position)) & 63)]
                            at += 1
                        }
                    }
                    while at < count {
                        unsafe target[at] = UInt8(ascii: "=")
                        at += 1
                    }
                }
            }
            initialized = count
        }
    }

    /// The bytes that the text stands for; nil where it is not the one text that `encode` makes of them.
    public func decode(_ text: some StringProtocol) -> Bytes? { decode(Bytes(text)) }

    /// The bytes that the text stands for; nil where it is not the one text that `encode` makes of them.
    public func decode(_ text: Bytes) -> Bytes? {
        guard let count = digitCount(of: text), count % 4 != 1 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(count / 4 * 3 + 2)
        var word: UInt32 = 0
        for index in 0..<count {
            let value = values[Int(text[index])]
            guard value != 255 else { return nil }
            word = word << 6 | UInt32(value)
            guard index % 4 == 3 else { continue }
            result.append(UInt8(truncatingIfNeeded: word >> 16))
            result.append(UInt8(truncatingIfNeeded: word >> 8))
            result.append(UInt8(truncatingIfNeeded: word))
            word = 0
        }
        switch count % 4 {
        case 2:
            guard word & 0xf == 0 else { return nil }
            result.append(UInt8(truncatingIfNeeded: word >> 4))
        case 3:
            guard word & 0x3 == 0 else { return nil }
            result.append(UInt8(truncatingIfNeeded: word >> 10))
            result.append(UInt8(truncatingIfNeeded: word >> 2))
        default: break
        }
        return Bytes(result)
    }

    /// How many bytes of the text come before the padding; nil where the padding is wrong.
    private func digitCount(of text: Bytes) -> Int? {
        guard isPadded else { return text.count }
        guard text.count.isMultiple(of: 4) else { return nil }
        let equals = UInt8(ascii: "=")
        guard text.last == equals else { return text.count }
        return text[text.count - 2] == equals ? text.count - 2 : text.count - 1
    }
}
