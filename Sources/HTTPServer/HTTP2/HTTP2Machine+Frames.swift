import Base
import CNGHTTP2
import Wire

// What nghttp2 reports, recorded. Nothing here calls out of the machine.
extension HTTP2Machine {
    func beginHeaders(_ id: HTTP2StreamID, isRequest: Bool) {
        collector.begin()
        guard isRequest else { return }
        streams[id] = Stream()
        // All answers take turns: one that is long must not hold up a live stream, whatever order the peer asks for.
        var priority = nghttp2_extpri(urgency: 3, inc: 1)
        _ = unsafe nghttp2_session_change_extpri_stream_priority(session, id, &priority, 1)
    }

    /// False ends the connection.
    func addHeader(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Bool {
        unsafe collector.add(name, value)
        guard collector.isOutrageous else { return true }
        violation = .headerBlock
        return false
    }

    func endHeaders(_ id: HTTP2StreamID, isRequest: Bool, endsStream: Bool) {
        guard let stream = streams[id] else { return }
        stream.requestEnded = endsStream
        guard isRequest else { return endTrailers(id, stream) }
        switch collector.takeRequest(endsStream: endsStream) {
        case .request(let head):
            stream.isAnnounced = true
            events.append(.request(id, head))
        case .refused(let status):
            stream.isAnnounced = true
            stream.dropsBody = true
            events.append(.refused(id, status: status))
        case .malformed:
            _ = unsafe nghttp2_submit_rst_stream(session, 0, id, HTTP2ErrorCode.protocolError.rawValue)
        }
    }

    private func endTrailers(_ id: HTTP2StreamID, _ stream: Stream) {
        guard let trailers = collector.takeTrailers() else {
            _ = unsafe nghttp2_submit_rst_stream(session, 0, id, HTTP2ErrorCode.protocolError.rawValue)
            return
        }
        if !stream.dropsBody { events.append(.end(id, trailers: trailers)) }
    }

    func addData(_ id: HTTP2StreamID, _ bytes: UnsafeRawBufferPointer) {
        guard let stream = streams[id], !stream.dropsBody else {
            _ = unsafe nghttp2_session_consume(session, id, bytes.count)
            return
        }
        stream.unconsumed += bytes.count
        events.append(.data(id, unsafe Bytes(Array(bytes))))
    }

    func endData(_ id: HTTP2StreamID) {
        guard let stream = streams[id] else { return }
        stream.requestEnded = true
        if !stream.dropsBody { events.append(.end(id, trailers: HeaderFields())) }
    }

    func close(_ id: HTTP2StreamID, _ code: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        // The stream takes its window with it, but the connection's must be given back.
        if stream.unconsumed > 0 { _ = unsafe nghttp2_session_consume_connection(session, stream.unconsumed) }
        if stream.isAnnounced { events.append(.closed(id, HTTP2ErrorCode(rawValue: code))) }
    }

    /// A frame of ours went out.
    func sent(_ type: UInt8, _ id: HTTP2StreamID, endsStream: Bool) {
        switch UInt32(type) {
        case NGHTTP2_RST_STREAM.rawValue:
            if streams[id]?.isOwnReset != true, violation == nil { violation = guardian.countReset(at: now) }
        case NGHTTP2_DATA.rawValue:
            guardian.sentData()
        default: break
        }
        // An answer that is complete before its request means that the rest is not wanted (RFC 9113, section 8.1).
        if endsStream, streams[id]?.requestEnded == false { reset(id, .noError) }
    }

    /// A GOAWAY of ours went out: nghttp2 sends one by itself when the peer breaks the protocol.
    func sentGoaway(_ code: UInt32) {
        guard code != HTTP2ErrorCode.noError.rawValue else { return }
        events.append(.failed(HTTP2ErrorCode(rawValue: code), reason: complaint))
    }

    /// How much of an answer's body goes into the next DATA frame.
    func nextBody(_ id: HTTP2StreamID, _ countMax: Int, _ flags: inout UInt32) -> Int {
        guard let stream = streams[id] else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        let count = min(stream.body.count, countMax)
        if count == 0, !stream.body.isComplete {
            stream.isDeferred = true
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        flags |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        guard stream.body.isComplete, count == stream.body.count else { return count }
        flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        guard !stream.body.trailers.isEmpty else { return count }
        var block = HTTP2FieldBlock()
        block.append(stream.body.trailers)
        let result = unsafe block.withVectors { unsafe nghttp2_submit_trailer(session, id, $0, $1) }
        if result == 0 { flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue }
        return count
    }

    /// Writes a DATA frame; false when there is no room for it now.
    func sendBody(_ id: HTTP2StreamID, _ header: UnsafeRawBufferPointer, _ count: Int) -> Bool {
        guard output.count < outputLimit else { return false }
        unsafe output.append(contentsOf: header)
        guard count > 0, let stream = streams[id] else { return true }
        let before = stream.body.count
        stream.body.move(count, to: &output)
        if before >= limits.bodyLowWater, before - count < limits.bodyLowWater,
            !stream.body.isComplete
        {
            events.append(.drained(id))
        }
        return true
    }
}
