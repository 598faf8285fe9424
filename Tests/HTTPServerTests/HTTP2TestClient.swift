import Base
import CNGHTTP2
@testable import HTTPServer
import Wire

/// A small HTTP/2 client over nghttp2, without a socket.
// SAFETY: as with HTTP2Machine, the session calls back only from within the client's own methods.
@safe final class HTTP2TestClient {
    /// What has come of the answer to one request.
    struct Answer: Sendable, Hashable {
        var interim: [String] = []
        var status = ""
        var fields = HeaderFields()
        var body: [UInt8] = []
        var trailers = HeaderFields()
        /// Set once the stream is over.
        var closed: HTTP2ErrorCode?
    }

    fileprivate struct Upload {
        var bytes: [UInt8]
        var start = 0
        var ends: Bool
        var trailers: HeaderFields
    }

    fileprivate(set) var answers: [HTTP2StreamID: Answer] = [:]
    fileprivate(set) var goaways: [HTTP2ErrorCode] = []
    private let session: OpaquePointer
    fileprivate var uploads: [HTTP2StreamID: Upload] = [:]

    /// A client that has said nothing yet; with `isReading` false it gives the server no room beyond the first windows.
    init(window: UInt32 = 1 << 20, isReading: Bool = true) {
        var made: OpaquePointer?
        var option: OpaquePointer?
        unsafe nghttp2_option_new(&option)
        unsafe nghttp2_option_set_no_auto_window_update(option, isReading ? 0 : 1)
        unsafe nghttp2_session_client_new2(&made, table.raw, nil, option)
        unsafe nghttp2_option_del(option)
        guard let made = unsafe made else { preconditionFailure("no memory for an HTTP/2 session") }
        unsafe session = made
        unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        let setting = nghttp2_settings_entry(
            settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: window)
        _ = unsafe nghttp2_submit_settings(session, 0, [setting], 1)
    }

    deinit { unsafe nghttp2_session_del(session) }

    /// Asks for something; `fields` begin with the pseudo-fields.
    func request(
        _ fields: HeaderFields, body: [UInt8]? = nil, ends: Bool = true,
        trailers: HeaderFields = HeaderFields()
    ) -> HTTP2StreamID {
        var block = HTTP2FieldBlock()
        block.append(fields)
        let id = unsafe block.withVectors { vectors, count in
            guard body != nil else {
                return unsafe nghttp2_submit_request(session, nil, vectors, count, nil, nil)
            }
            var provider = unsafe nghttp2_data_provider(
                source: nghttp2_data_source(), read_callback: readUpload)
            return unsafe nghttp2_submit_request(session, nil, vectors, count, &provider, nil)
        }
        answers[id] = Answer()
        if let body { uploads[id] = Upload(bytes: body, ends: ends, trailers: trailers) }
        return id
    }

    /// Goes on with a body that did not end.
    func send(_ id: HTTP2StreamID, _ bytes: [UInt8], ends: Bool) {
        uploads[id]?.bytes += bytes
        uploads[id]?.ends = ends
        _ = unsafe nghttp2_session_resume_data(session, id)
    }

    func reset(_ id: HTTP2StreamID) {
        _ = unsafe nghttp2_submit_rst_stream(session, 0, id, HTTP2ErrorCode.cancel.rawValue)
    }

    func ping() { _ = unsafe nghttp2_submit_ping(session, 0, nil) }

    /// Gives the server room for so many more bytes, where the client does not read by itself.
    func read(_ id: HTTP2StreamID, _ count: Int) {
        _ = unsafe nghttp2_session_consume(session, id, count)
    }

    /// Takes what the server sent; false when that is no HTTP/2.
    func receive(_ bytes: [UInt8]) -> Bool {
        unsafe nghttp2_session_mem_recv(session, bytes, bytes.count) == bytes.count
    }

    func takeOutput() -> [UInt8] {
        var output: [UInt8] = []
        while true {
            var frame: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &frame)
            guard count > 0 else { return output }
            unsafe output.append(contentsOf: UnsafeBufferPointer(start: frame, count: count))
        }
    }

    fileprivate func add(
        _ name: Bytes, _ value: Bytes, to id: HTTP2StreamID, _ category: nghttp2_headers_category
    ) {
        if name == ":status" {
            answers[id]?.status = value.repairedText
        } else if category == NGHTTP2_HCAT_HEADERS, answers[id]?.status.hasPrefix("1") == false {
            answers[id]?.trailers.append(name, value)
        } else {
            answers[id]?.fields.append(name, value)
        }
    }

    fileprivate func endHeaders(_ id: HTTP2StreamID) {
        guard let status = answers[id]?.status, status.hasPrefix("1") else { return }
        answers[id]?.interim.append(status)
    }

    fileprivate func fill(_ id: HTTP2StreamID, _ buffer: UnsafeMutableRawBufferPointer, _ flags: inout UInt32)
        -> Int
    {
        guard var upload = uploads[id] else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        let count = min(buffer.count, upload.bytes.count - upload.start)
        guard count > 0 || upload.ends else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        unsafe buffer.copyBytes(from: upload.bytes[upload.start..<upload.start + count])
        upload.start += count
        uploads[id] = upload
        guard upload.ends, upload.start == upload.bytes.count else { return count }
        flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        guard !upload.trailers.isEmpty else { return count }
        var block = HTTP2FieldBlock()
        block.append(upload.trailers)
        _ = unsafe block.withVectors { unsafe nghttp2_submit_trailer(session, id, $0, $1) }
        flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        return count
    }
}

// SAFETY: made once, never changed after; sessions copy it.
@safe private struct Table: @unchecked Sendable {
    let raw: OpaquePointer?

    init() {
        var made: OpaquePointer?
        unsafe nghttp2_session_callbacks_new(&made)
        unsafe nghttp2_session_callbacks_set_on_header_callback(made, onHeader)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(made, onFrame)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, onData)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(made, onClose)
        unsafe raw = made
    }
}

private let table = Table()

private func client(_ data: UnsafeMutableRawPointer?) -> HTTP2TestClient {
    unsafe Unmanaged.fromOpaque(data.unsafelyUnwrapped).takeUnretainedValue()
}

@c(hg_h2_client_header)
private func onHeader(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?,
    _ nameCount: Int, _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _ flags: UInt8,
    _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe frame?.pointee else { return 0 }
    let name = unsafe Bytes(Array(UnsafeBufferPointer(start: name, count: nameCount)))
    let value = unsafe Bytes(Array(UnsafeBufferPointer(start: value, count: valueCount)))
    unsafe client(data).add(name, value, to: frame.hd.stream_id, frame.headers.cat)
    return 0
}

@c(hg_h2_client_frame)
private func onFrame(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ data: UnsafeMutableRawPointer?
) -> CInt {
    guard let frame = unsafe frame?.pointee else { return 0 }
    switch unsafe UInt32(frame.hd.type) {
    case NGHTTP2_HEADERS.rawValue: unsafe client(data).endHeaders(frame.hd.stream_id)
    case NGHTTP2_GOAWAY.rawValue:
        unsafe client(data).goaways.append(HTTP2ErrorCode(rawValue: frame.goaway.error_code))
    default: break
    }
    return 0
}

@c(hg_h2_client_data)
private func onData(
    _ session: OpaquePointer?, _ flags: UInt8, _ stream: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ data: UnsafeMutableRawPointer?
) -> CInt {
    unsafe client(data).answers[stream]?.body += unsafe UnsafeBufferPointer(start: bytes, count: count)
    return 0
}

@c(hg_h2_client_close)
private func onClose(
    _ session: OpaquePointer?, _ stream: Int32, _ code: UInt32, _ data: UnsafeMutableRawPointer?
) -> CInt {
    unsafe client(data).answers[stream]?.closed = HTTP2ErrorCode(rawValue: code)
    return 0
}

@c(hg_h2_client_upload)
private func readUpload(
    _ session: OpaquePointer?, _ stream: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ count: Int,
    _ flags: UnsafeMutablePointer<UInt32>?, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _ data: UnsafeMutableRawPointer?
) -> Int {
    let room = unsafe UnsafeMutableRawBufferPointer(start: buffer, count: count)
    return unsafe client(data).fill(stream, room, &flags.unsafelyUnwrapped.pointee)
}
