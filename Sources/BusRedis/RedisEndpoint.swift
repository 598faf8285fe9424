/// Where a Redis server listens.
package struct RedisEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address, an IPv6 one without brackets.
    package let host: String
    /// The port.
    package let port: UInt16

    /// A server at a host and port.
    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, `[::1]:port`, or, as Redis writes it in redirections, an IPv6 address without brackets.
    package init?(_ text: some StringProtocol, defaultPort: UInt16? = nil) {
        var host = String(text)
        var port = defaultPort
        let isBareBracket = host.hasSuffix("]")
        if let colon = host.lastIndex(of: ":"), !isBareBracket {
            guard let number = UInt16(host[host.index(after: colon)...]), number > 0 else { return nil }
            port = number
            host = String(host[..<colon])
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard let port, host.utf8.count <= 255, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
        (self.host, self.port) = (host, port)
    }

    /// Host and port, as addresses are written.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
        default: ".-_:%".utf8.contains(byte)
        }
    }
}
