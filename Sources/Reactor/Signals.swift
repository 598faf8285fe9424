import CLinux
import Glibc

/// A signal that the process answers itself.
public enum ProcessSignal: Sendable {
    /// SIGTERM or SIGINT: finish what is in flight and end.
    case stop
    /// SIGHUP: read certificates and what else can change anew.
    case reload
}

/// Turns signals into calls on a loop.
public enum Signals {
    /// From here on the signals end nothing: they wait for `CapturedSignals.watch`.
    ///
    /// Once in a process.
    public static func capture() throws(SystemError) -> CapturedSignals {
        hg_ignore_sigpipe()
        let signals = [SIGTERM, SIGINT, SIGHUP]
        let fd = unsafe signals.withUnsafeBufferPointer { pointer in
            unsafe pointer.baseAddress.map { unsafe hg_signals_open($0, Int32(pointer.count)) } ?? -EINVAL
        }
        return CapturedSignals(descriptor: try SystemError.check("sigaction", fd))
    }

    /// Raises the soft limit of open files to the hard one and says what it is now.
    @discardableResult
    public static func raiseFileLimit() -> UInt64 { hg_raise_file_limit() }
}

/// Signals that are held back until somebody watches for them.
public struct CapturedSignals: Sendable {
    fileprivate let descriptor: Int32

    /// Calls `action` on the loop for every signal, those that came before included.
    ///
    /// Call it on the loop.
    public func watch(on loop: EventLoop, _ action: @escaping (ProcessSignal) -> Void) throws(SystemError)
        -> Watch
    {
        try Watch(descriptor, .read, on: loop) { _ in
            while true {
                switch hg_signals_next(descriptor) {
                case SIGTERM, SIGINT: action(.stop)
                case SIGHUP: action(.reload)
                default: return
                }
            }
        }
    }
}
