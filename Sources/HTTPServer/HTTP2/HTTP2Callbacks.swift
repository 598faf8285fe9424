import CNGHTTP2

/// The C side of `HTTP2Machine`: what nghttp2 calls, and how a session is made.
enum HTTP2Callbacks {
    /// Where nghttp2 gets the body of every answer.
    static var bodyProvider: nghttp2_data_provider {
        unsafe nghttp2_data_provider(source: nghttp2_data_source(), read_callback: readBody)
    }

    // SAFETY: made once, never changed after; sessions copy it.
    @safe private struct Table: @unchecked Sendable {
        let raw: OpaquePointer?

        init() {
            var made: OpaquePointer?
            unsafe nghttp2_session_callbacks_new(&made)
            unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(made, onBeginHeaders)
            unsafe nghttp2_session_callbacks_set_on_header_callback(made, onHeader)
            unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(made, onFrame)
            unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, onData)
            unsafe nghttp2_session_callbacks_set_on_stream_close_callback(made, onClose)
            unsafe nghttp2_session_callbacks_set_on_frame_send_callback(made, onSent)
            unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(made, onNotSent)
            unsafe nghttp2_session_callbacks_set_send_data_callback(made, sendBody)
            unsafe nghttp2_session_callbacks_set_error_callback2(made, onComplaint)
            unsafe raw = made
        }
    }

    private static let table = Table()

    /// A server's session; its user data is still to be set.
    static func makeSession(_ limits: HTTP2Limits) -> OpaquePointer {
        var option: OpaquePointer?
        var session: OpaquePointer?
        if unsafe nghttp2_option_new(&option) == 0 {
            // The peer gets its window back when the handler has consumed what it sent, not before.
            unsafe nghttp2_option_set_no_auto_window_update(option, 1)
            // Closed streams are of use for the old priority tree alone.
            unsafe nghttp2_option_set_no_closed_streams(option, 1)
            unsafe nghttp2_option_set_max_outbound_ack(option, limits.acknowledgementsMax)
            unsafe nghttp2_option_set_max_continuations(option, limits.continuationsMax)
            // HTTP2FloodGuard counts resets, the provoked ones too, on a clock that tests can set.
            let never = UInt64(UInt32.max)
            unsafe nghttp2_option_set_stream_reset_rate_limit(option, never, never)
            unsafe nghttp2_session_server_new2(&session, table.raw, nil, option)
            unsafe nghttp2_option_del(option)
        }
        guard let session = unsafe session else { preconditionFailure("no memory for an HTTP/2 session") }
        return unsafe session
    }
}

// SAFETY: the user data is the machine whose method is running; see HTTP2Machine.
private func machine(_ data: UnsafeMutableRawPointer?) -> HTTP2Machine? {
    guard let data = unsafe data else { return nil }
    return unsafe Unmanaged<HTTP2Machine>.fromOpaque(data).takeUnretainedValue()
}

private let failed = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue

@c(hg_h2_begin_headers)
private func onBeginHeaders(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let machine = unsafe machine(data), let frame = unsafe frame?.pointee else { return failed }
    unsafe machine.beginHeaders(
        frame.hd.stream_id, isRequest: frame.headers.cat == NGHTTP2_HCAT_REQUEST)
    return 0
}

@c(hg_h2_header)
private func onHeader(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int, _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _ flags: UInt8,
    _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let machine = unsafe machine(data) else { return failed }
    let isKept = unsafe machine.addHeader(
        UnsafeRawBufferPointer(start: name, count: nameCount),
        UnsafeRawBufferPointer(start: value, count: valueCount))
    return isKept ? 0 : failed
}

@c(hg_h2_frame)
private func onFrame(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let machine = unsafe machine(data), let frame = unsafe frame?.pointee else { return failed }
    let header = unsafe frame.hd
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
        unsafe machine.endHeaders(
            header.stream_id, isRequest: frame.headers.cat == NGHTTP2_HCAT_REQUEST,
            endsStream: header.endsStream)
    case NGHTTP2_DATA.rawValue:
        if header.endsStream { machine.endData(header.stream_id) }
    case NGHTTP2_PING.rawValue:
        guard UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0 else { break }
        let bytes = unsafe frame.ping.opaque_data
        machine.events.append(.pong(unsafe UInt64(bigEndian: unsafeBitCast(bytes, to: UInt64.self))))
    case NGHTTP2_GOAWAY.rawValue:
        machine.events.append(.goaway(HTTP2ErrorCode(rawValue: unsafe frame.goaway.error_code)))
    default: break
    }
    return 0
}

@c(hg_h2_data)
private func onData(
    _ session: OpaquePointer?, _ flags: UInt8, _ stream: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let machine = unsafe machine(data) else { return failed }
    unsafe machine.addData(stream, UnsafeRawBufferPointer(start: bytes, count: count))
    return 0
}

@c(hg_h2_close)
private func onClose(
    _ session: OpaquePointer?, _ stream: Int32, _ code: UInt32, _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let machine = unsafe machine(data) else { return failed }
    machine.close(stream, code)
    return 0
}

@c(hg_h2_sent)
private func onSent(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let machine = unsafe machine(data), let frame = unsafe frame?.pointee else { return failed }
    let header = unsafe frame.hd
    if UInt32(header.type) == NGHTTP2_GOAWAY.rawValue {
        machine.sentGoaway(unsafe frame.goaway.error_code)
    } else {
        machine.sent(header.type, header.stream_id, endsStream: header.endsStream)
    }
    return 0
}

@c(hg_h2_not_sent)
private func onNotSent(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ code: CInt,
    _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let machine = unsafe machine(data), let header = unsafe frame?.pointee.hd else { return failed }
    // An answer whose fields cannot be sent must not leave its stream open for ever.
    if UInt32(header.type) == NGHTTP2_HEADERS.rawValue { machine.reset(header.stream_id, .internalError) }
    return 0
}

@c(hg_h2_complaint)
private func onComplaint(
    _ session: OpaquePointer?, _ code: CInt, _ text: UnsafePointer<CChar>?, _ count: Int,
    _ data: UnsafeMutableRawPointer?
) -> CInt {
    let bytes = unsafe UnsafeRawBufferPointer(start: text, count: count)
    unsafe machine(data)?.complaint = unsafe String(decoding: bytes, as: UTF8.self)
    return 0
}

@c(hg_h2_read_body)
private func readBody(
    _ session: OpaquePointer?, _ stream: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int,
    _ flags: UnsafeMutablePointer<UInt32>?, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _ data: UnsafeMutableRawPointer?
) -> Int {
    guard let machine = unsafe machine(data), let flags = unsafe flags else { return Int(failed) }
    return unsafe machine.nextBody(stream, count, &flags.pointee)
}

@c(hg_h2_send_body)
private func sendBody(
    _ session: OpaquePointer?, _ frame: UnsafeMutablePointer<nghttp2_frame>?, _ header: UnsafePointer<UInt8>?,
    _ count: Int, _ source: UnsafeMutablePointer<nghttp2_data_source>?, _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let machine = unsafe machine(data), let id = unsafe frame?.pointee.hd.stream_id else {
        return failed
    }
    let head = unsafe UnsafeRawBufferPointer(start: header, count: 9)
    return unsafe machine.sendBody(id, head, count) ? 0 : NGHTTP2_ERR_WOULDBLOCK.rawValue
}

extension nghttp2_frame_hd {
    fileprivate var endsStream: Bool { UInt32(flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 }
}
