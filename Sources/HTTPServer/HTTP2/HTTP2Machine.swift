package import Base
import CNGHTTP2
import Wire

/// The server's side of an HTTP/2 connection, without a socket: bytes in, events and bytes out.
///
/// Belongs to one loop. After `receive`, and after `takeOutput`, take the events; after anything at all, take the
/// output. Once `isFinished`, close the connection when its output is sent.
// SAFETY: nghttp2 holds an uncounted pointer to the machine, calls back only from within the machine's own methods,
// and is freed by `deinit`.
@safe package final class HTTP2Machine {
    /// What a client says first.
    package static let preface: Bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// What is known of an open stream.
    final class Stream {
        var body = HTTP2BodyQueue()
        /// Bytes of the request's body that were given out and not consumed.
        var unconsumed = 0
        /// Whether an event told of it.
        var isAnnounced = false
        /// Whether the request is complete.
        var requestEnded = false
        /// Whether what comes of the request's body is dropped.
        var dropsBody = false
        /// Whether nghttp2 waits to be told that there is more of the answer's body.
        var isDeferred = false
        /// Whether it was reset for a reason of ours, which does not count against the peer.
        var isOwnReset = false
    }

    let session: OpaquePointer
    let limits: HTTP2Limits
    var streams: [HTTP2StreamID: Stream] = [:]
    var events: [HTTP2Event] = []
    var collector: HTTP2HeaderCollector
    var guardian: HTTP2FloodGuard
    /// When the call that is under way began, in nanoseconds.
    var now: UInt64 = 0
    /// What the peer did wrong, found within a callback.
    var violation: HTTP2FloodGuard.Violation?
    /// nghttp2's last words on what is wrong.
    var complaint = ""
    /// The output while `takeOutput` fills it, and the length at which it stops.
    var output: [UInt8] = []
    var outputLimit = 0
    /// Set once nothing more is read or written but what `lastWords` holds.
    private var isDead = false
    private var lastWords: [UInt8] = []

    /// The machine of a connection on which the client has said nothing yet.
    package init(limits: HTTP2Limits = HTTP2Limits()) {
        self.limits = limits
        collector = HTTP2HeaderCollector(limits: limits)
        guardian = HTTP2FloodGuard(limits: limits)
        unsafe session = HTTP2Callbacks.makeSession(limits)
        unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        sendSettings()
    }

    deinit { unsafe nghttp2_session_del(session) }

    private func sendSettings() {
        let settings: [(nghttp2_settings_id, UInt32)] = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streamsMax),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(clamping: limits.streamWindow)),
            (NGHTTP2_SETTINGS_MAX_FRAME_SIZE, limits.frameBytesMax),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: limits.headerBytesMax)),
            (NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1),
            (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        let entries = settings.map { nghttp2_settings_entry(settings_id: Int32($0.rawValue), value: $1) }
        let sent = unsafe nghttp2_submit_settings(session, 0, entries, entries.count)
        let widened = unsafe nghttp2_session_set_local_window_size(session, 0, 0, limits.connectionWindow)
        precondition(sent == 0 && widened == 0, "the limits of HTTP/2 are out of their range")
    }

    /// Takes what the peer sent, at a moment in nanoseconds of a monotonic clock.
    package func receive(_ bytes: UnsafeRawBufferPointer, at now: UInt64) {
        guard !isDead else { return }
        self.now = now
        if let violation = unsafe guardian.inspect(bytes, at: now) {
            return fail(.enhanceYourCalm, violation.rawValue)
        }
        let start = unsafe bytes.bindMemory(to: UInt8.self).baseAddress
        let count = unsafe nghttp2_session_mem_recv(session, start, bytes.count)
        check(count)
    }

    /// Takes what the peer sent; see the other form.
    package func receive(_ bytes: Bytes, at now: UInt64) {
        unsafe bytes.withUnsafeBytes { unsafe receive($0, at: now) }
    }

    /// Gives away what happened since the last call.
    package func takeEvents() -> [HTTP2Event] {
        guard !events.isEmpty else { return [] }
        defer { events = [] }
        return events
    }

    /// Appends what must be sent, frame by frame until about `countMax` bytes; whether there is more is in `hasOutput`.
    package func takeOutput(appendingTo bytes: inout [UInt8], countMax: Int = 65536) {
        if isDead {
            bytes.append(contentsOf: lastWords)
            lastWords = []
            return
        }
        guard hasOutput else { return }
        swap(&bytes, &output)
        outputLimit = output.count + countMax
        var count = 0
        while output.count < outputLimit {
            var frame: UnsafePointer<UInt8>?
            count = unsafe nghttp2_session_mem_send(session, &frame)
            guard count > 0 else { break }
            unsafe output.append(contentsOf: UnsafeBufferPointer(start: frame, count: count))
        }
        swap(&bytes, &output)
        output = []
        check(count)
        bytes.append(contentsOf: lastWords)
        lastWords = []
    }

    /// Whether there is something to be sent.
    package var hasOutput: Bool {
        isDead ? !lastWords.isEmpty : unsafe nghttp2_session_want_write(session) != 0
    }

    /// Whether nothing will come or go any more, but for output that is not taken yet.
    package var isFinished: Bool {
        unsafe isDead
            || (nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0)
    }

    /// How many requests are open.
    package var streamCount: Int { streams.count }

    /// Ends the connection if nghttp2 or a callback found a reason to.
    private func check(_ result: Int) {
        if let violation { return fail(.enhanceYourCalm, violation.rawValue) }
        guard result < 0 else { return }
        let reason = unsafe String(cString: nghttp2_strerror(CInt(result)))
        switch nghttp2_error(rawValue: CInt(result)) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC: fail(.protocolError, "the peer does not speak HTTP/2")
        case NGHTTP2_ERR_FLOODED, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: fail(.enhanceYourCalm, reason)
        default: fail(.internalError, reason)
        }
    }

    /// Ends the connection at once with a GOAWAY of our own: nghttp2 is not asked again.
    func fail(_ code: HTTP2ErrorCode, _ reason: String) {
        guard !isDead else { return }
        isDead = true
        let last = UInt32(bitPattern: unsafe nghttp2_session_get_last_proc_stream_id(session))
        lastWords = [0, 0, 8, UInt8(NGHTTP2_GOAWAY.rawValue), 0, 0, 0, 0, 0]
        for word in [last, code.rawValue] {
            lastWords.append(contentsOf: [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) })
        }
        for (id, stream) in streams.sorted(by: { $0.key < $1.key }) where stream.isAnnounced {
            events.append(.closed(id, code))
        }
        streams = [:]
        events.append(.failed(code, reason: reason))
    }
}
