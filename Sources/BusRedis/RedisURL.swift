package import Base

/// Where Redis is and how to be let in, read from a URL.
///
/// `redis://user:password@host:port/db`, `rediss://` with TLS, `redis+cluster://host:port,host:port` for a cluster,
/// `rediss+cluster://` for both. User and password may hold percent signs with two hexadecimal digits.
package struct RedisURL: Sendable, Equatable {
    /// Why a URL is none.
    package struct Mistake: Error, Sendable, Equatable, CustomStringConvertible {
        /// What is wrong; it holds nothing of what was given.
        package let description: String
    }

    /// The server, or the servers of a cluster that are asked first.
    package let endpoints: [RedisEndpoint]
    /// Who to be; nil for the default user.
    package let user: String?
    /// The password; nil where none is needed.
    package let password: Secret?
    /// The number of the database.
    package let database: Int
    /// Whether to speak TLS.
    package let isSecure: Bool
    /// Whether the servers form a cluster.
    package let isCluster: Bool

    /// Reads a URL.
    package init(_ text: String) throws(Mistake) {
        guard let end = text.range(of: "://") else { throw Mistake(description: "it has no scheme") }
        switch text[..<end.lowerBound] {
        case "redis": (isSecure, isCluster) = (false, false)
        case "rediss": (isSecure, isCluster) = (true, false)
        case "redis+cluster": (isSecure, isCluster) = (false, true)
        case "rediss+cluster": (isSecure, isCluster) = (true, true)
        default:
            throw Mistake(
                description: "it must begin with redis://, rediss://, redis+cluster:// or rediss+cluster://")
        }
        var rest = text[end.upperBound...]
        var path = ""
        if let slash = rest.firstIndex(of: "/") {
            path = String(rest[rest.index(after: slash)...])
            rest = rest[..<slash]
        }
        var (user, password): (String?, Secret?) = (nil, nil)
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let secret = Self.decoded(parts.last ?? "") else {
                throw Mistake(description: "the user or the password has a percent sign without two digits")
            }
            if !name.isEmpty { user = name }
            if parts.count == 2, !secret.isEmpty { password = Secret(secret) }
            guard user == nil || password != nil else {
                throw Mistake(description: "the user has no password")
            }
            rest = rest[rest.index(after: at)...]
        }
        (self.user, self.password) = (user, password)
        guard let database = Int(path.isEmpty ? "0" : path), (0...65_535).contains(database) else {
            throw Mistake(description: "what follows the host must be the number of a database")
        }
        guard database == 0 || !isCluster else { throw Mistake(description: "a cluster has database 0 only") }
        self.database = database
        endpoints = try Self.endpoints(rest, isCluster: isCluster)
    }

    private static func endpoints(_ text: Substring, isCluster: Bool) throws(Mistake) -> [RedisEndpoint] {
        var endpoints: [RedisEndpoint] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let endpoint = RedisEndpoint(part, defaultPort: 6379), !endpoint.host.isEmpty else {
                throw Mistake(description: "it names no host, or one that cannot be")
            }
            endpoints.append(endpoint)
        }
        guard isCluster || endpoints.count == 1 else {
            throw Mistake(description: "only a cluster (redis+cluster://) has several hosts")
        }
        return endpoints
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let decoded = Hex.decode(Bytes(Array(rest.prefix(2)))), decoded.count == 1 else {
                return nil
            }
            bytes.append(decoded[0])
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension String {
    /// The first place of a text in this one.
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
