package import Reactor

/// An address as budgets count it: IPv4 whole, IPv6 by its /64, and all Unix sockets as one.
///
/// Whoever has an IPv6 address usually has all of its /64, and could have a budget for each of 2^64 addresses.
package struct RateAddress: Sendable, Hashable, CustomStringConvertible {
    private enum Network: Hashable {
        case v4(UInt32)
        case v6(UInt64)
        case unix
    }

    private let network: Network

    /// The address at the other end of a connection.
    package init(_ address: SocketAddress) {
        switch address {
        case .unix: network = .unix
        case .v4(let bytes, _): network = .v4(UInt32(bigEndian: bytes))
        case .v6(let bytes, _, _):
            let (high, low) = (Self.number(bytes.prefix(8)), Self.number(bytes.dropFirst(8)))
            // A socket for both families shows clients of IPv4 as ::ffff:1.2.3.4.
            let isMapped = high == 0 && low >> 32 == 0xffff
            network = isMapped ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high)
        }
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The network, as it stands in the keys of the bus.
    package var description: String {
        switch network {
        case .unix: "unix"
        case .v4(let number):
            "\(number >> 24).\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
        case .v6(let number):
            [48, 32, 16, 0].map { String(number >> $0 & 0xffff, radix: 16) }.joined(separator: ":") + "::/64"
        }
    }
}
