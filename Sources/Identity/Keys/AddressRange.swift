import Base
package import Reactor

/// A range of addresses in the form of CIDR: `10.0.0.0/8`, `2001:db8::/32`, or one address.
package struct AddressRange: Sendable, Equatable {
    private let bytes: [UInt8]
    private let prefix: Int
    /// The form that it is stored and shown in.
    package let text: String

    /// Reads a range; nil where it is none, or has bits set beyond its prefix.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = parts.first, let bytes = Self.bytes(String(host)) else { return nil }
        var prefix = bytes.count * 8
        if parts.count == 2 {
            guard let number = Int(parts[1]), (0...prefix).contains(number), "\(number)" == parts[1] else {
                return nil
            }
            prefix = number
        }
        guard bytes == Self.masked(bytes, prefix) else { return nil }
        (self.bytes, self.prefix, self.text) = (bytes, prefix, text)
    }

    /// Whether an address is within; never for one that is none, such as that of a Unix socket.
    package func contains(_ address: SocketAddress) -> Bool {
        guard let other = Self.bytes(address) else { return false }
        return other.count == bytes.count && Self.masked(other, prefix) == bytes
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        (SocketAddress("\(text):0") ?? SocketAddress("[\(text)]:0")).flatMap(bytes)
    }

    /// IPv4 in the form of IPv6 is IPv4.
    private static func bytes(_ address: SocketAddress) -> [UInt8]? {
        switch address {
        case .v4(let word, _): return (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        case .v6(let bytes, _, _):
            let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
            return isMapped ? Array(bytes.suffix(4)) : bytes
        case .unix: return nil
        }
    }

    private static func masked(_ bytes: [UInt8], _ prefix: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(8, max(0, prefix - index * 8))
            return kept == 0 ? 0 : byte & (0xff << (8 - UInt8(kept)))
        }
    }
}
