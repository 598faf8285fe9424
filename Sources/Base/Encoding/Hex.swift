/// Hexadecimal text: two digits a byte.
public enum Hex {
    /// The bytes in lowercase digits.
    public static func encode(_ bytes: Bytes) -> String {
        unsafe String(unsafeUninitializedCapacity: bytes.count * 2) { target in
            for (index, byte) in bytes.enumerated() {
                unsafe target[index * 2] = digit(byte >> 4)
                unsafe target[index * 2 + 1] = digit(byte & 15)
            }
            return bytes.count * 2
        }
    }

    /// The bytes that the text stands for, in digits of either case; nil where it is not pairs of them.
    public static func decode(_ text: some StringProtocol) -> Bytes? { decode(Bytes(text)) }

    /// The bytes that the text stands for, in digits of either case; nil where it is not pairs of them.
    public static func decode(_ text: Bytes) -> Bytes? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 2)
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = value(text[index]), let low = value(text[index + 1]) else { return nil }
            result.append(high << 4 | low)
        }
        return Bytes(result)
    }

    /// The lowercase digit of a value from 0 to 15.
    static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    /// What a digit of either case stands for.
    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - 0x57
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - 0x37
        default: nil
        }
    }
}
