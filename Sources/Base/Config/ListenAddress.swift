import Glibc

/// Where the server listens.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IP address, or `localhost`, and a port; 0 has the system choose one.
    case tcp(host: String, port: UInt16)
    /// The path of a Unix socket.
    case unix(path: String)

    /// Reads `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` or `unix:/run/heliograph.sock`.
    public init?(_ text: some StringProtocol) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            // The kernel keeps 108 bytes for the path and the zero behind it.
            guard path.hasPrefix("/"), path.utf8.count < 108, !path.utf8.contains(0) else { return nil }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits), ListenAddress.isHost(String(text[..<colon]))
        else { return nil }
        self = .tcp(host: String(text[..<colon]), port: port)
    }

    /// The text that `init` reads.
    public var description: String {
        switch self {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    /// Whether nobody but this machine can reach it.
    public var isLocal: Bool {
        switch self {
        case .tcp(let host, _): host == "localhost" || host == "[::1]" || host.hasPrefix("127.")
        case .unix: true
        }
    }

    private static func isHost(_ host: String) -> Bool {
        if host == "localhost" { return true }
        var address = in6_addr()
        guard !host.utf8.contains(0) else { return false }
        guard host.hasPrefix("["), host.hasSuffix("]") else {
            return unsafe inet_pton(AF_INET, host, &address) == 1
        }
        return unsafe inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address) == 1
    }
}
