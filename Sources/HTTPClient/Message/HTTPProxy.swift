package import Base

/// A proxy that a request goes through.
package struct HTTPProxy: Sendable, Equatable {
    /// How the proxy is spoken to.
    package enum Kind: String, Sendable {
        /// HTTP: `CONNECT` for https, a request with the whole URL for http.
        case http
        /// SOCKS5; names are resolved here.
        case socks5
        /// SOCKS5; names are resolved by the proxy.
        case socks5h
    }

    package var kind: Kind
    /// A name or an IP address, IPv6 without brackets.
    package var host: String
    package var port: UInt16
    package var username: String?
    package var password: Secret?

    /// Makes a proxy.
    package init(_ kind: Kind, host: String, port: UInt16, username: String? = nil, password: Secret? = nil) {
        self.kind = kind
        self.host = host
        self.port = port
        self.username = username
        self.password = password
    }

    /// As libcurl wants it; nil when the host cannot be one.
    var url: String? {
        let isHost = host.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"),
                UInt8(ascii: ":"):
                true
            default: false
            }
        }
        guard isHost, !host.isEmpty else { return nil }
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(kind.rawValue)://\(name):\(port)"
    }
}
