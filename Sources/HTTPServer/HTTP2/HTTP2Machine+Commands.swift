package import Base
import CNGHTTP2
package import Wire

// Whatever is asked of a stream that is over does nothing: the peer may end one at any moment.
extension HTTP2Machine {
    /// Begins an answer.
    ///
    /// Unless that `ends` it, `write` and `finish` follow.
    package func respond(_ id: HTTP2StreamID, status: Int, fields: HeaderFields, ends: Bool) {
        guard streams[id] != nil else { return }
        var block = HTTP2FieldBlock()
        block.append(status: status)
        block.append(fields)
        let result = unsafe block.withVectors { vectors, count in
            guard !ends else { return unsafe nghttp2_submit_response(session, id, vectors, count, nil) }
            var provider = unsafe HTTP2Callbacks.bodyProvider
            return unsafe nghttp2_submit_response(session, id, vectors, count, &provider)
        }
        if result != 0 { reset(id, .internalError) }
    }

    /// Sends an interim answer such as 100 (Continue) or 103 (Early Hints).
    package func respondInterim(_ id: HTTP2StreamID, status: Int, fields: HeaderFields = HeaderFields()) {
        guard streams[id] != nil else { return }
        var block = HTTP2FieldBlock()
        block.append(status: status)
        block.append(fields)
        _ = unsafe block.withVectors { vectors, count in
            unsafe nghttp2_submit_headers(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, nil, vectors, count, nil)
        }
    }

    /// Queues a part of an answer's body.
    package func write(_ id: HTTP2StreamID, _ bytes: Bytes) {
        guard !bytes.isEmpty, let stream = streams[id] else { return }
        stream.body.append(bytes)
        resume(id, stream)
    }

    /// Ends an answer's body.
    package func finish(_ id: HTTP2StreamID, trailers: HeaderFields = HeaderFields()) {
        guard let stream = streams[id] else { return }
        stream.body.finish(trailers)
        resume(id, stream)
    }

    /// How many bytes of an answer's body wait to be sent; `.drained` tells when that falls below the low-water mark.
    package func queuedCount(_ id: HTTP2StreamID) -> Int { streams[id]?.body.count ?? 0 }

    /// Lets the peer send as many more bytes of a request's body as were used up.
    package func consume(_ id: HTTP2StreamID, _ count: Int) {
        guard let stream = streams[id] else { return }
        let count = min(count, stream.unconsumed)
        guard count > 0 else { return }
        stream.unconsumed -= count
        _ = unsafe nghttp2_session_consume(session, id, count)
    }

    /// Drops what is still to come of a request's body, and what was given out and not consumed.
    package func dropBody(_ id: HTTP2StreamID) {
        consume(id, .max)
        streams[id]?.dropsBody = true
    }

    /// Cuts a stream off.
    package func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        guard let stream = streams[id], !stream.isOwnReset else { return }
        stream.isOwnReset = true
        _ = unsafe nghttp2_submit_rst_stream(session, 0, id, code.rawValue)
    }

    /// Tells the peer that the end is near; requests that are on their way are still taken.
    ///
    /// Call `finishShutdown` a round trip later.
    package func beginShutdown() { _ = unsafe nghttp2_submit_shutdown_notice(session) }

    /// Takes no new requests.
    ///
    /// The machine is finished once the open ones are answered.
    package func finishShutdown() {
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        _ = unsafe nghttp2_submit_goaway(session, 0, last, HTTP2ErrorCode.noError.rawValue, nil, 0)
    }

    /// Ends the connection at once, such as after a time-out.
    package func terminate(_ code: HTTP2ErrorCode, reason: String) { fail(code, reason) }

    /// Asks the peer for a sign of life; `.pong` brings the number back.
    package func ping(_ number: UInt64) {
        let data = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
        _ = unsafe nghttp2_submit_ping(session, 0, data)
    }

    private func resume(_ id: HTTP2StreamID, _ stream: Stream) {
        guard stream.isDeferred else { return }
        stream.isDeferred = false
        _ = unsafe nghttp2_session_resume_data(session, id)
    }
}
