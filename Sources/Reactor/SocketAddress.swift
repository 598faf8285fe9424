import CLinux
import Glibc

/// Where a socket listens or connects to: an IP address and port, or a path in the file system.
public enum SocketAddress: Sendable, Hashable {
    /// An IPv4 address (network order) and port.
    case v4(UInt32, port: UInt16)
    /// An IPv6 address (16 bytes) and port.
    case v6([UInt8], scope: UInt32, port: UInt16)
    /// A Unix socket.
    case unix(String)

    /// Reads `1.2.3.4:80`, `[::1]:80`, `localhost:80` (loopback, without a look-up) or `unix:/path`.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count < 108 else { return nil }
            self = .unix(path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = String(text[..<colon])
        if host == "localhost" { host = "127.0.0.1" }
        if host.hasPrefix("["), host.hasSuffix("]") {
            var address = in6_addr()
            guard unsafe inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address) == 1 else {
                return nil
            }
            self = .v6(unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }, scope: 0, port: port)
        } else {
            var address = in_addr()
            guard unsafe inet_pton(AF_INET, host, &address) == 1 else { return nil }
            self = .v4(address.s_addr, port: port)
        }
    }

    /// The port; nil for a Unix socket.
    public var port: UInt16? {
        switch self {
        case .v4(_, let port), .v6(_, _, let port): port
        case .unix: nil
        }
    }

    /// The address without its port, as text: the key by which clients are counted.
    public var host: String {
        switch self {
        case .v4(var address, _): unsafe Self.text(AF_INET, &address, 16)
        case .v6(var bytes, _, _): unsafe Self.text(AF_INET6, &bytes, 46)
        case .unix: "unix"
        }
    }

    var family: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    private static func text(_ family: Int32, _ address: UnsafeRawPointer, _ size: Int) -> String {
        unsafe String(unsafeUninitializedCapacity: size) { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            let written = unsafe base.withMemoryRebound(to: CChar.self, capacity: size) {
                unsafe inet_ntop(family, address, $0, socklen_t(size))
            }
            return unsafe written.map { unsafe strlen($0) } ?? 0
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The address as `SocketAddress(_:)` reads it.
    public var description: String {
        switch self {
        case .v4(_, let port): "\(host):\(port)"
        case .v6(_, _, let port): "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

// MARK: The kernel's form

extension SocketAddress {
    /// Lends the address as the kernel wants it.
    func withStorage<R>(_ body: (UnsafePointer<sockaddr_storage>, socklen_t) -> R) -> R {
        var storage = sockaddr_storage()
        var length = 0
        unsafe withUnsafeMutableBytes(of: &storage) { raw in
            switch self {
            case .v4(let address, let port):
                var value = sockaddr_in()
                value.sin_family = sa_family_t(AF_INET)
                value.sin_port = port.bigEndian
                value.sin_addr.s_addr = address
                length = MemoryLayout<sockaddr_in>.size
                unsafe raw.copyMemory(from: withUnsafeBytes(of: value) { unsafe $0 })
            case .v6(let bytes, let scope, let port):
                var value = sockaddr_in6()
                value.sin6_family = sa_family_t(AF_INET6)
                value.sin6_port = port.bigEndian
                value.sin6_scope_id = scope
                unsafe withUnsafeMutableBytes(of: &value.sin6_addr) {
                    unsafe $0.copyBytes(from: bytes.prefix(16))
                }
                length = MemoryLayout<sockaddr_in6>.size
                unsafe raw.copyMemory(from: withUnsafeBytes(of: value) { unsafe $0 })
            case .unix(let path):
                unsafe raw.storeBytes(of: sa_family_t(AF_UNIX), as: sa_family_t.self)
                let start = MemoryLayout<sa_family_t>.size
                unsafe UnsafeMutableRawBufferPointer(rebasing: raw[start...]).copyBytes(
                    from: path.utf8.prefix(107))
                length = start + min(path.utf8.count, 107) + 1
            }
        }
        return unsafe withUnsafePointer(to: &storage) { unsafe body($0, socklen_t(length)) }
    }

    /// Reads the kernel's form.
    init?(_ storage: sockaddr_storage, length: Int) {
        let address: SocketAddress? = unsafe withUnsafeBytes(of: storage) { raw in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let value = unsafe raw.loadUnaligned(as: sockaddr_in.self)
                return .v4(value.sin_addr.s_addr, port: UInt16(bigEndian: value.sin_port))
            case AF_INET6:
                var value = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
                let bytes = unsafe withUnsafeBytes(of: &value.sin6_addr) { unsafe Array($0) }
                return .v6(bytes, scope: value.sin6_scope_id, port: UInt16(bigEndian: value.sin6_port))
            case AF_UNIX:
                let path = unsafe raw[MemoryLayout<sa_family_t>.size..<max(length, 2)].prefix { $0 != 0 }
                return unsafe .unix(String(decoding: path, as: UTF8.self))
            default: return nil
            }
        }
        guard let address else { return nil }
        self = address
    }
}
