import CLinux
import Glibc

// SAFETY: touched on its loop only, which the loop asserts.
/// A listening socket on one loop.
///
/// Several loops listen on one address by `SO_REUSEPORT`, and the kernel spreads
/// the connections over them.
public final class Listener: Pollable, @unchecked Sendable {
    /// Takes a new connection: its descriptor and who it comes from.
    ///
    /// Runs on the loop.
    public typealias Accept = (_ descriptor: Int32, _ peer: SocketAddress) -> Void

    /// The loop that accepts.
    public let loop: EventLoop
    /// Where it listens; the port is the real one also where 0 was asked for.
    public let address: SocketAddress

    /// Connections taken in one round, so that a flood of new ones does not starve the old.
    private static let acceptsMax = 128

    private let fd: Int32
    private var token: Poller.Token?
    private var accept: Accept?
    private var pause: TimerHeap.ID?

    /// Binds and listens, without accepting yet; the error names the address.
    ///
    /// Any thread.
    public init(_ address: SocketAddress, on loop: EventLoop, backlog: Int32 = 4096) throws(SystemError) {
        let fd = try SystemError.check("socket", hg_socket(address.family, SOCK_STREAM_VALUE))
        do throws(SystemError) {
            if case .unix(let path) = address {
                try Self.removeStaleSocket(path)
            } else {
                try SystemError.check("setsockopt", hg_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1))
                try SystemError.check("setsockopt", hg_set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1))
            }
            try SystemError.check(
                "bind \(address)", unsafe address.withStorage { unsafe hg_bind(fd, $0, $1) })
            try SystemError.check("listen", hg_listen(fd, backlog))
            self.address = try Self.localAddress(fd) ?? address
        } catch {
            _ = hg_close(fd)
            throw error
        }
        self.fd = fd
        self.loop = loop
    }

    /// Throws when somebody listens at the address already.
    ///
    /// Sharing an address among loops also lets another process of the same user share it, without a word to either.
    public static func checkFree(_ address: SocketAddress) throws(SystemError) {
        guard let port = address.port, port != 0 else { return }
        let fd = try SystemError.check("socket", hg_socket(address.family, SOCK_STREAM_VALUE))
        defer { _ = hg_close(fd) }
        try SystemError.check("setsockopt", hg_set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1))
        try SystemError.check("bind \(address)", unsafe address.withStorage { unsafe hg_bind(fd, $0, $1) })
    }

    /// Starts to accept.
    ///
    /// On the loop.
    public func start(_ accept: @escaping Accept) throws(SystemError) {
        self.accept = accept
        token = try loop.register(fd, .read, self)
    }

    /// Takes what has come so far, then stops listening.
    ///
    /// On the loop.
    public func stop() {
        guard let token else { return }
        acceptAll(limit: .max)
        loop.unregister(fd, token)
        if let pause { loop.cancel(pause) }
        self.token = nil
        accept = nil
        _ = hg_close(fd)
        if case .unix(let path) = address { _ = unsafe unlink(path) }
    }

    /// Turns a connection away without a word.
    public static func refuse(_ descriptor: Int32) { _ = hg_close(descriptor) }

    override func ready(_ readiness: Readiness) { acceptAll(limit: Self.acceptsMax) }

    private func acceptAll(limit: Int) {
        var left = limit
        while left > 0, let accept {
            left -= 1
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let connection = unsafe hg_accept(fd, &storage, &length)
            guard connection >= 0 else {
                if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(-connection) { rest() }
                if connection == -ECONNABORTED { continue }
                return
            }
            if case .unix = address {
                accept(connection, .unix(""))
            } else {
                // Answers are small and complete: waiting to fill a packet would only delay them.
                _ = hg_set_option(connection, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                accept(connection, SocketAddress(storage, length: Int(length)) ?? address)
            }
        }
    }

    /// Out of descriptors: the connection stays in the queue, and looking at it again at once would spin.
    private func rest() {
        guard let token, pause == nil else { return }
        // A failure leaves the listener as it is, which only costs the spinning.
        try? loop.reregister(fd, [], token)
        pause = loop.schedule(at: loop.now + 100_000_000) { [self] in
            pause = nil
            guard let token = self.token else { return }
            try? loop.reregister(fd, .read, token)
        }
    }

    private static func localAddress(_ fd: Int32) throws(SystemError) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try unsafe SystemError.check("getsockname", hg_local_address(fd, &storage, &length))
        return SocketAddress(storage, length: Int(length))
    }

    /// A socket file that nobody listens on any more stands in the way of a restart; a living one must not be taken.
    private static func removeStaleSocket(_ path: String) throws(SystemError) {
        guard unsafe access(path, F_OK) == 0 else { return }
        let probe = try SystemError.check("socket", hg_socket(AF_UNIX, SOCK_STREAM_VALUE))
        defer { _ = hg_close(probe) }
        let status = unsafe SocketAddress.unix(path).withStorage { unsafe hg_connect(probe, $0, $1) }
        guard status == -ECONNREFUSED else { throw SystemError("bind", EADDRINUSE) }
        _ = unsafe unlink(path)
    }
}

let SOCK_STREAM_VALUE = Int32(SOCK_STREAM.rawValue)
