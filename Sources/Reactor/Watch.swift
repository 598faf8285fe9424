// SAFETY: touched on its loop only, which the loop asserts.
/// Watches a descriptor that a C library owns, level-triggered, on a loop.
public final class Watch: Pollable, @unchecked Sendable {
    private let loop: EventLoop
    private let fd: Int32
    private let action: (Readiness) -> Void
    private var token: Poller.Token?

    /// Starts to watch; `action` runs on the loop whenever the descriptor is ready.
    public init(
        _ fd: Int32, _ interest: Readiness, on loop: EventLoop, _ action: @escaping (Readiness) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.fd = fd
        self.action = action
        super.init()
        token = try loop.register(fd, interest, self)
    }

    /// Watches for something else from now on.
    public func change(_ interest: Readiness) throws(SystemError) {
        if let token { try loop.reregister(fd, interest, token) }
    }

    /// Stops watching; call it before the descriptor is closed.
    public func cancel() {
        if let token { loop.unregister(fd, token) }
        token = nil
    }

    override func ready(_ readiness: Readiness) { action(readiness) }
}
