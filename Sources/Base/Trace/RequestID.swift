/// The id of one request: 20 characters that are safe in web addresses.
public struct RequestID: Sendable, Hashable {
    /// Two numbers of which the lower 60 bits count: ten characters each.
    private let high: UInt64
    private let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high & RequestID.mask
        self.low = low & RequestID.mask
    }

    /// Appends the 20 characters.
    public func append(to text: inout [UInt8]) {
        text.append(addingCapacity: 20) { output in
            for place in 0..<10 { output.append(RequestID.digit(high, place)) }
            for place in 0..<10 { output.append(RequestID.digit(low, place)) }
        }
    }

    private static let mask: UInt64 = 1 << 60 - 1

    private static let digits: InlineArray<64, UInt8> = {
        let text = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        return InlineArray { text[$0] }
    }()

    private static func digit(_ half: UInt64, _ place: Int) -> UInt8 {
        digits[Int(truncatingIfNeeded: half >> (54 - 6 * UInt64(truncatingIfNeeded: place)) & 63)]
    }
}

extension RequestID: CustomStringConvertible {
    /// The 20 characters.
    public var description: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
