package import Reactor

/// Which addresses a URL that somebody gave us may lead to: those of the internet, and none of our own networks.
package enum AddressGuard {
    /// Whether an address is one that everybody reaches; loopback, private, link-local and reserved ones are not.
    package static func isPublic(_ address: SocketAddress) -> Bool {
        switch address {
        case .v4(let word, _): isPublic((0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) })
        case .v6(let bytes, _, _): isPublicV6(bytes)
        case .unix: false
        }
    }

    private static func isPublic(_ address: [UInt8]) -> Bool {
        switch (address[0], address[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (224..., _): false
        case (100, 64...127), (172, 16...31), (198, 18...19): false
        case (192, 0): address[2] != 0 && address[2] != 2
        case (198, 51): address[2] != 100
        case (203, 0): address[2] != 113
        default: true
        }
    }

    private static func isPublicV6(_ address: [UInt8]) -> Bool {
        let isMapped = address.prefix(10).allSatisfy { $0 == 0 } && address[10] == 0xff && address[11] == 0xff
        if isMapped { return isPublic(Array(address.suffix(4))) }
        // NAT64 and 6to4 carry an address of version 4.
        if address.starts(with: [0x00, 0x64, 0xff, 0x9b]) { return isPublic(Array(address.suffix(4))) }
        if address.starts(with: [0x20, 0x02]) { return isPublic(Array(address[2..<6])) }
        // Global unicast, but documentation.
        return address[0] & 0xe0 == 0x20 && !address.starts(with: [0x20, 0x01, 0x0d, 0xb8])
    }
}
