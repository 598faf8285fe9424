/// The address under which people reach a web service: `https://example.org/path`, without query and fragment.
public struct WebAddress: Sendable, Hashable, CustomStringConvertible {
    /// Whether it begins with `https`.
    public let isSecure: Bool
    /// The name or IP address, an IPv6 one in brackets; in lower case.
    public let host: String
    /// The port, also where the text leaves it out.
    public let port: UInt16
    /// What follows host and port, without a slash at the end.
    public let path: String

    /// Reads the address; nil where anything in it is unusual.
    public init?(_ text: some StringProtocol) {
        var rest = text[...]
        if rest.hasPrefix("https://") {
            isSecure = true
        } else if rest.hasPrefix("http://") {
            isSecure = false
        } else {
            return nil
        }
        rest = rest.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" }
        var path = String(rest.dropFirst(authority.count))
        while path.hasSuffix("/") { path.removeLast() }
        guard path.utf8.allSatisfy({ WebAddress.isPathByte($0) }) else { return nil }
        self.path = path
        var host = String(authority).lowercased()
        var port: UInt16 = isSecure ? 443 : 80
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            let digits = host[host.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(digits),
                number > 0
            else { return nil }
            port = number
            host = String(host[..<colon])
        }
        guard WebAddress.isHost(host) else { return nil }
        self.host = host
        self.port = port
    }

    /// The address, with its port where that is not the usual one.
    public var description: String {
        "http\(isSecure ? "s" : "")://\(host)\(port == (isSecure ? 443 : 80) ? "" : ":\(port)")\(path)"
    }

    private init(secureHost host: String) {
        isSecure = true
        self.host = host
        port = 443
        path = ""
    }

    /// Where Telegram's own Bot API is.
    public static let telegram = WebAddress(secureHost: "api.telegram.org")

    private static func isHost(_ host: String) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") { return ListenAddress("\(host):1") != nil }
        return host.utf8.count <= 253
            && host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy {
                        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d
                    }
            }
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
        default: "/-._~%!$&'()*+,;=:@".utf8.contains(byte)
        }
    }
}
