public import Base
package import Reactor
import Wire

/// The proxies in front of the server that are believed when they say for whom they ask.
public struct TrustedProxies: Sendable {
    private let ranges: [AddressRange]

    /// Proxies in these ranges; without any, nobody is believed.
    public init(_ ranges: [AddressRange] = []) { self.ranges = ranges }

    /// Whether the other end of a connection is such a proxy; over a Unix socket it is, where there are any.
    func include(_ peer: SocketAddress) -> Bool {
        guard !ranges.isEmpty else { return false }
        if case .unix = peer { return true }
        return ranges.contains { $0.contains(peer) }
    }

    /// For whom a proxy asks: the last address in `X-Forwarded-For` that is no proxy of ours.
    ///
    /// What stands before it the client may have made up. Where something there is no address, nothing further is believed.
    func client(behind proxy: SocketAddress, _ fields: HeaderFields) -> SocketAddress {
        var client = proxy
        for field in fields.all("x-forwarded-for").reversed() {
            for entry in field.split(separator: UInt8(ascii: ",")).reversed() {
                guard let address = SocketAddress(forwarded: entry.repairedText) else { return client }
                client = address
                if !include(address) { return client }
            }
        }
        return client
    }
}

extension AddressRange {
    /// Whether an address is within; never for that of a Unix socket.
    package func contains(_ address: SocketAddress) -> Bool {
        switch address {
        case .v4(let word, _): contains((0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) })
        case .v6(let bytes, _, _): contains(bytes)
        case .unix: false
        }
    }
}

extension SocketAddress {
    /// An address as proxies write it: with or without a port, IPv6 with or without brackets.
    fileprivate init?(forwarded entry: String) {
        let text = entry.drop { $0 == " " || $0 == "\t" }
        let bare = text.last == " " ? text.prefix { $0 != " " } : text
        guard !bare.hasPrefix("unix:"), !bare.hasPrefix("localhost"), bare.utf8.count <= 64,
            let address = SocketAddress(String(bare)) ?? SocketAddress("\(bare):0")
                ?? SocketAddress("[\(bare)]:0")
        else { return nil }
        self = address
    }
}
