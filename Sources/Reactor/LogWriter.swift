public import Base
import CLinux
import Glibc
import Synchronization

/// Writes log lines to a file descriptor on a thread of its own, so that a blocked terminal or pipe blocks no loop.
///
/// Lines wait in a buffer with a bound. What does not fit is dropped, counted, and reported by a line of its own as
/// soon as there is room.
public final class LogWriter: LogSink {
    private struct State {
        var waiting: [UInt8] = []
        /// Lines dropped since the last report.
        var unreported = 0
        var dropped = 0
        var isThreadAsleep = false
        var isClosing = false
    }

    private let state = Mutex(State())
    private let thread = Mutex<Thread?>(nil)
    private let descriptor: Int32
    private let bytesMax: Int
    private let format: Log.Format
    /// Counts up when the thread has something to do.
    private let work: Int32
    /// Counts up when the thread has ended.
    private let end: Int32

    /// Starts the thread; `format` is that of the line that reports dropped ones.
    public init(to descriptor: Int32 = 2, format: Log.Format = .json, bytesMax: Int = 1 << 20)
        throws(SystemError)
    {
        // A pipe that its reader has closed must not end the process.
        hg_ignore_sigpipe()
        self.descriptor = descriptor
        self.bytesMax = bytesMax
        self.format = format
        work = try SystemError.check("eventfd", hg_eventfd())
        end = try SystemError.check("eventfd", hg_eventfd())
        // The thread keeps its writer alive until it is closed.
        let started = try Thread { self.run() }
        thread.withLock { $0 = started }
    }

    deinit {
        _ = hg_close(work)
        _ = hg_close(end)
    }

    /// How many lines were dropped until now.
    public var dropped: Int { state.withLock { $0.dropped } }

    /// Takes one line; never waits.
    public func write(_ line: [UInt8]) {
        let mustWake = state.withLock { state in
            guard !state.isClosing, state.waiting.count + line.count <= bytesMax else {
                state.dropped += 1
                state.unreported += 1
                return false
            }
            state.waiting.append(contentsOf: line)
            defer { state.isThreadAsleep = false }
            return state.isThreadAsleep
        }
        if mustWake { _ = hg_eventfd_signal(work) }
    }

    /// Ends the thread once all waiting lines are written; false where that took longer than the deadline.
    ///
    /// Lines that come later are dropped.
    @discardableResult public func close(within deadline: Duration) -> Bool {
        state.withLock { state in
            state.isClosing = true
            state.isThreadAsleep = false
        }
        _ = hg_eventfd_signal(work)
        let milliseconds = max(0, min(deadline.nanosecondsClamped / 1_000_000, Int64(Int32.max)))
        guard LogWriter.wait(for: POLLIN, on: end, milliseconds: Int32(milliseconds)) else { return false }
        let ended = thread.withLock { $0.take() }
        ended?.join()
        return true
    }

    private func run() {
        unsafe hg_name_thread("log")
        var batch: [UInt8] = []
        while takeBatch(&batch) { write(batch: batch) }
        _ = hg_eventfd_signal(end)
    }

    /// Waits for lines and takes them all; false once the log is closed and nothing is left.
    private func takeBatch(_ batch: inout [UInt8]) -> Bool {
        batch.removeAll(keepingCapacity: true)
        while true {
            let (dropped, isDone) = state.withLock { state in
                swap(&batch, &state.waiting)
                let dropped = state.unreported
                state.unreported = 0
                let isIdle = batch.isEmpty && dropped == 0
                state.isThreadAsleep = isIdle && !state.isClosing
                return (dropped, isIdle && state.isClosing)
            }
            if isDone { return false }
            if dropped > 0 {
                let fields: LogFields = ["count": LogValue(dropped)]
                batch += format.line(.warning, "log", "log lines dropped", fields, at: Clocks.system.now)
            }
            if !batch.isEmpty { return true }
            _ = LogWriter.wait(for: POLLIN, on: work, milliseconds: -1)
            _ = hg_eventfd_drain(work)
        }
    }

    private func write(batch: [UInt8]) {
        var start = 0
        while start < batch.count {
            let result = LogWriter.write(batch[start...], to: descriptor)
            if result >= 0 {
                start += result
            } else if result == -Int(EINTR) {
                continue
            } else if result == -Int(EAGAIN) {
                _ = LogWriter.wait(for: POLLOUT, on: descriptor, milliseconds: -1)
            } else {
                // Nobody reads any more: the lines are lost, and there is nobody to tell.
                let lines = batch[start...].count { $0 == UInt8(ascii: "\n") }
                return state.withLock { $0.dropped += lines }
            }
        }
    }

    /// How many bytes were written, or a negative error number.
    @inline(never)
    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            let count = unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            return count < 0 ? -Int(errno) : count
        }
    }

    /// Whether the descriptor became ready in time; -1 waits for ever.
    private static func wait(for events: Int32, on descriptor: Int32, milliseconds: Int32) -> Bool {
        var wish = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        return unsafe poll(&wish, 1, milliseconds) > 0
    }
}
