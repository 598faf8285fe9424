internal import Base
internal import CCurl
internal import Glibc
internal import Reactor

// libcurl calls these on the loop's thread, within `curl_multi_socket_action` and its like. They may not call
// libcurl back.
// SAFETY: the context is a transfer that the multi handle's table keeps alive.

@c func bodyArrived(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let piece = unsafe UnsafeRawBufferPointer(start: buffer, count: size * count)
    return switch unsafe Transfer.from(context).received(piece: piece) {
    case .taken: size * count
    case .wait: Int(CURL_WRITEFUNC_PAUSE)
    // Any other number than that of the bytes is an error; -1 is so for no bytes, too.
    case .stop: -1
    }
}

@c func lineArrived(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return 0 }
    let line = unsafe Bytes(copying: UnsafeRawBufferPointer(start: buffer, count: size * count).bytes)
    return unsafe Transfer.from(context).received(line: line) ? size * count : -1
}

@c func bodyWanted(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context = unsafe context else { return Int(CURL_READFUNC_ABORT) }
    let space = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: size * count)
    return unsafe Transfer.from(context).send(into: space) ?? Int(CURL_READFUNC_PAUSE)
}

@c func seekWanted(_ context: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: Int32) -> Int32 {
    guard let context = unsafe context, offset == 0, origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
    return unsafe Transfer.from(context).seekToStart() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
}

@c func socketWanted(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context = unsafe context, let address = unsafe address else { return CURL_SOCKET_BAD }
    guard let destination = unsafe SocketAddress(address), unsafe Transfer.from(context).allows(destination)
    else {
        return CURL_SOCKET_BAD
    }
    let kind = unsafe address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    return unsafe socket(address.pointee.family, kind, address.pointee.protocol)
}

@c func requestReady(
    _ context: UnsafeMutableRawPointer?, _ remoteHost: UnsafeMutablePointer<CChar>?,
    _ localHost: UnsafeMutablePointer<CChar>?, _ remotePort: Int32, _ localPort: Int32
) -> Int32 {
    guard let context = unsafe context, let remoteHost = unsafe remoteHost else {
        return CURL_PREREQFUNC_ABORT
    }
    let host = unsafe String(cString: remoteHost)
    let address = SocketAddress(
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(remotePort)" : "\(host):\(remotePort)")
    return unsafe Transfer.from(context).connected(to: address) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

extension SocketAddress {
    /// Reads libcurl's form of an internet address.
    fileprivate init?(_ address: UnsafePointer<curl_sockaddr>) {
        let count = unsafe min(Int(address.pointee.addrlen), MemoryLayout<sockaddr_in6>.size)
        let family = unsafe address.pointee.family
        // Read where it stands: libcurl has room for long addresses there, behind what the declared type covers.
        guard let start = unsafe address.pointer(to: \.addr) else { return nil }
        let raw = unsafe UnsafeRawBufferPointer(start: start, count: count)
        if family == AF_INET, count >= MemoryLayout<sockaddr_in>.size {
            let value = unsafe raw.loadUnaligned(as: sockaddr_in.self)
            self = .v4(value.sin_addr.s_addr, port: UInt16(bigEndian: value.sin_port))
            return
        }
        guard family == AF_INET6, count >= MemoryLayout<sockaddr_in6>.size else { return nil }
        var value = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
        let bytes = unsafe withUnsafeBytes(of: &value.sin6_addr) { unsafe Array($0) }
        self = .v6(bytes, scope: value.sin6_scope_id, port: UInt16(bigEndian: value.sin6_port))
    }
}
