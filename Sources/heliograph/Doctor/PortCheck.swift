import Base
import Glibc

/// Whether the server could listen at an address: by trying it.
enum PortCheck {
    static func finding(_ address: ListenAddress) -> Finding {
        switch address {
        case .tcp(let host, let port): finding(address, bind(host, port))
        case .unix(let path): finding(path)
        }
    }

    private static func finding(_ address: ListenAddress, _ code: Int32) -> Finding {
        switch code {
        case 0: .good("port", "\(address) is free")
        case EADDRINUSE:
            .failure(
                "port", "\(address) is taken",
                do: "`ss -ltnp` tells by whom; all is well if that is this server, else set HELIOGRAPH_LISTEN"
            )
        case EACCES:
            .failure(
                "port", "\(address) is not allowed to this user",
                do: "take a port above 1023, or `setcap cap_net_bind_service=+ep` on the program")
        case EADDRNOTAVAIL:
            .failure(
                "port", "\(address) is no address of this machine",
                do: "set HELIOGRAPH_LISTEN; `ip address` lists what there is")
        default: .failure("port", "\(address): \(FileSystem.text(of: code))", do: "set HELIOGRAPH_LISTEN")
        }
    }

    private static func finding(_ path: String) -> Finding {
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        guard FileSystem.isWritable(folder.isEmpty ? "/" : folder) else {
            return .failure(
                "port", "unix:\(path): the folder is missing or not writable",
                do: "make it, and give it to this user")
        }
        guard FileSystem.status(of: path).0 != nil else { return .good("port", "unix:\(path) is free") }
        return .warning(
            "port", "unix:\(path) is there already",
            do: "all is well if that is this server or one that has ended")
    }

    /// The error number with which listening would fail; zero where it would not.
    @inline(never)
    private static func bind(_ host: String, _ port: UInt16) -> Int32 {
        let isV6 = host.hasPrefix("[")
        let socket = Glibc.socket(isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return errno }
        defer { close(socket) }
        // A connection that was closed a minute ago does not count.
        var one: Int32 = 1
        _ = unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        let result: Int32
        if isV6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            _ = unsafe inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address.sin6_addr)
            result = unsafe withUnsafeBytes(of: &address) { unsafe bind(socket, $0) }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            _ = unsafe inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host, &address.sin_addr)
            result = unsafe withUnsafeBytes(of: &address) { unsafe bind(socket, $0) }
        }
        if result != 0 { return result }
        return listen(socket, 1) == 0 ? 0 : errno
    }

    @inline(never)
    private static func bind(_ socket: Int32, _ address: UnsafeRawBufferPointer) -> Int32 {
        guard let start = address.baseAddress else { return EINVAL }
        let pointer = unsafe start.assumingMemoryBound(to: sockaddr.self)
        return unsafe Glibc.bind(socket, pointer, socklen_t(address.count)) == 0 ? 0 : errno
    }
}
