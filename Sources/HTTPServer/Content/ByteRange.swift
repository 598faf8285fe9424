import Base
import Wire

/// What a `Range` field asks for.
enum ByteRange: Equatable {
    /// Everything: there is no such field, or it is one that a server may ignore.
    case whole
    case part(Range<Int>)
    /// Beyond the end: 416.
    case unsatisfiable

    /// Reads the field for a content of `count` bytes.
    ///
    /// Several ranges at once are ignored, which RFC 9110 allows: no client of ours asks for them, and they are
    /// mostly used to make servers work.
    init(_ field: Bytes?, count: Int) {
        self = .whole
        guard let field else { return }
        let parts = field.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].equalsIgnoringCase("bytes") else { return }
        let spec = Self.trimmed(parts[1])
        guard let dash = spec.firstIndex(of: UInt8(ascii: "-")) else { return }
        let (first, last) = (spec.part(0, dash), spec.part(dash + 1, spec.count - dash - 1))
        guard let start = Self.number(first) else {
            guard first.isEmpty, let suffix = Self.number(last) else { return }
            self = suffix == 0 || count == 0 ? .unsatisfiable : .part(max(0, count - suffix)..<count)
            return
        }
        var end = count - 1
        if !last.isEmpty {
            guard let number = Self.number(last), number >= start else { return }
            end = min(end, number)
        }
        self = start < count ? .part(start..<end + 1) : .unsatisfiable
    }

    /// A number in decimal digits; one that is too large is as good as the largest.
    private static func number(_ digits: Bytes) -> Int? {
        guard !digits.isEmpty else { return nil }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = number > (Int.max >> 4) - 10 ? Int.max >> 4 : number * 10 + Int(digit - 0x30)
        }
        return number
    }

    private static func trimmed(_ bytes: Bytes) -> Bytes {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return bytes.part(start, end - start)
    }
}
