internal import Glibc
internal import Reactor

/// Looks up names on a thread of its own, because libpq would do it on the event loop.
final class HostResolver: Sendable {
    private let pool: BlockingPool

    init() throws(SystemError) { pool = try BlockingPool(threads: 1, waiting: 64) }

    /// The address with those of its hosts looked up; a name that is not found is an error.
    func resolve(_ address: PostgresAddress) async throws -> PostgresAddress {
        guard address.needsResolution else { return address }
        let resolved = try await pool.run { address.resolved(Self.addresses) }
        if resolved.needsResolution { throw NameNotFound(host: address.hosts.joined(separator: ", ")) }
        return resolved
    }

    func shutdown() { pool.shutdown() }

    /// No name server knows a host.
    struct NameNotFound: Error { let host: String }

    private static func addresses(of host: String) -> [String] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var texts: [String] = []
        var next = unsafe list
        while let entry = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = unsafe getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0,
                NI_NUMERICHOST)
            if status == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                texts.append(String(decoding: bytes, as: UTF8.self))
            }
            unsafe next = entry.pointee.ai_next
        }
        return texts
    }
}
