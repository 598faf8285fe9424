import CLinux
public import Crypto
import Glibc

extension Stream {
    /// Connects to `address`.
    ///
    /// On the loop.
    public static func connect(
        to address: SocketAddress, on loop: EventLoop, tls: TLSEngine? = nil, timeout: Duration = .seconds(10)
    ) async throws(StreamError) -> Stream {
        let stream: Stream
        do throws(SystemError) {
            let fd = try SystemError.check("socket", hg_socket(address.family, SOCK_STREAM_VALUE))
            let status = unsafe address.withStorage { unsafe hg_connect(fd, $0, $1) }
            guard status == 0 || status == -EINPROGRESS else {
                _ = hg_close(fd)
                throw SystemError("connect", status)
            }
            if address.port != nil { _ = hg_set_option(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
            stream = try Stream(adopting: fd, peer: address, on: loop, tls: tls)
        } catch { throw .broken(error) }
        try await stream.connected(by: loop.now &+ timeout.nanoseconds)
        return stream
    }
}

extension Duration {
    /// The whole nanoseconds of a duration, 0 for one that is negative; no more than 146 years, so that adding it to a
    /// point on the clock never wraps around.
    public var nanoseconds: UInt64 {
        guard self > .zero else { return 0 }
        let (seconds, attoseconds) = components
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let max: UInt64 = 1 << 62
        return overflow || whole >= max ? max : whole + UInt64(attoseconds / 1_000_000_000)
    }
}
