import Glibc

/// A range of addresses in the form of CIDR: `10.0.0.0/8`, `2001:db8::/32`, or one address.
public struct AddressRange: Sendable, Equatable {
    private let bytes: [UInt8]
    private let prefix: Int
    /// The form that it is stored and shown in.
    public let text: String

    /// Reads a range; nil where it is none, or has bits set beyond its prefix.
    public init?(_ text: String) {
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

    /// Whether an address is within: 4 or 16 bytes of it, where IPv4 in the form of IPv6 is IPv4.
    public func contains(_ address: [UInt8]) -> Bool {
        let other = Self.plain(address)
        return other.count == bytes.count && Self.masked(other, prefix) == bytes
    }

    private static func plain(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count == 16 else { return bytes }
        let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return isMapped ? Array(bytes.suffix(4)) : bytes
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if unsafe inet_pton(AF_INET, text, &four) == 1 {
            return unsafe withUnsafeBytes(of: &four) { unsafe Array($0) }
        }
        var sixteen = in6_addr()
        guard unsafe inet_pton(AF_INET6, text, &sixteen) == 1 else { return nil }
        return plain(unsafe withUnsafeBytes(of: &sixteen) { unsafe Array($0) })
    }

    private static func masked(_ bytes: [UInt8], _ prefix: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(8, max(0, prefix - index * 8))
            return kept == 0 ? 0 : byte & (0xff << (8 - UInt8(kept)))
        }
    }
}
