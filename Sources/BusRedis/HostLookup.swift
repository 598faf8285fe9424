import Base
import Glibc
import Reactor
import Synchronization

/// Finds the addresses of hosts, on a thread of its own, because the system's resolver blocks.
enum HostLookup {
    /// Begun with the first name that is no address, and never ended.
    private static let pool = Mutex<BlockingPool?>(nil)

    /// The addresses under which a server may be reached.
    static func addresses(of endpoint: RedisEndpoint) async throws -> [SocketAddress] {
        if let address = SocketAddress(endpoint.description) { return [address] }
        let pool = try pool.withLock { shared in
            if let shared { return shared }
            let new = try BlockingPool(threads: 1, waiting: 256)
            shared = new
            return new
        }
        return try await pool.run { resolve(endpoint) }
    }

    private static func resolve(_ endpoint: RedisEndpoint) -> [SocketAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(endpoint.host, String(endpoint.port), &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = unsafe getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &host, socklen_t(host.count), nil, 0,
                NI_NUMERICHOST)
            let text = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let numeric = RedisEndpoint(host: text, port: endpoint.port).description
            if status == 0, let address = SocketAddress(numeric), !addresses.contains(address) {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
