public import Base
import CLLHTTP

// C's callbacks reach the parser through an unretained pointer; only `feed` makes them run, and it holds `self`.
/// Parses HTTP/1 requests with llhttp, strictly: bytes in, one message at a time out.
///
/// `feed` stops behind a message, so that a pipelined one stays with the caller until the first is answered.
@safe public final class HTTP1Parser {
    private let parser: UnsafeMutablePointer<llhttp_t>
    private let limits: HTTP1Limits

    fileprivate enum Span { case target, name, value }

    fileprivate var fields = HeaderFields()
    fileprivate var trailers = HeaderFields()
    private var targetLength = 0
    private var headerBytes = 0
    private var last = Span.target
    private var inTrailers = false
    private var head: HTTP1Head?
    private var body: [UInt8] = []
    private var feeding = 0
    private var lines: HTTP1LineCheck

    /// Whether the message's last byte has been seen.
    public private(set) var isComplete = false
    /// Whether a byte of a message has been seen that is not complete yet.
    public private(set) var isInMessage = false
    /// Why parsing stopped for good.
    public private(set) var failure: HTTP1Failure?

    /// A parser for one connection.
    public init(limits: HTTP1Limits = HTTP1Limits()) {
        self.limits = limits
        lines = HTTP1LineCheck(bytesMax: limits.lineBytesMax)
        unsafe parser = .allocate(capacity: 1)
        unsafe llhttp_init(parser, HTTP_REQUEST, unsafe Callbacks.settings)
        unsafe parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit { unsafe parser.deallocate() }

    /// Parses, up to the end of the message at most, and says how many bytes that took.
    public func feed(_ bytes: RawSpan) -> Int {
        guard failure == nil, !isComplete else { return 0 }
        feeding = bytes.byteCount
        return unsafe bytes.withUnsafeBytes { unsafe feed($0) }
    }

    private func feed(_ raw: UnsafeRawBufferPointer) -> Int {
        guard let base = unsafe raw.bindMemory(to: CChar.self).baseAddress else { return 0 }
        var start = 0
        while true {
            failure = unsafe lines.check(UnsafeRawBufferPointer(rebasing: raw[start...]))
            guard failure == nil else { return raw.count }
            let status = unsafe llhttp_execute(parser, base + start, raw.count - start)
            switch status {
            case HPE_OK: return raw.count
            case HPE_PAUSED:
                let end = unsafe llhttp_get_error_pos(parser)
                unsafe llhttp_resume(parser)
                start = unsafe end.map { unsafe base.distance(to: $0) } ?? raw.count
                if isComplete { return start }
            default:
                if failure == nil { failure = explain(status) }
                return raw.count
            }
        }
    }

    /// The head, once, when it has been parsed.
    public func takeHead() -> HTTP1Head? {
        defer { head = nil }
        return head
    }

    /// The part of the body that has come since the last call.
    public func takeBody() -> Bytes {
        guard !body.isEmpty else { return Bytes() }
        defer { body = [] }
        return Bytes(body)
    }

    /// How much of the body `takeBody` would give now.
    public var bodyCount: Int { body.count }

    /// Whether trailers have come.
    public var hasTrailers: Bool { !trailers.isEmpty }

    /// The trailers of a message that is complete.
    public func takeTrailers() -> HeaderFields {
        defer { trailers = HeaderFields() }
        return trailers
    }

    /// Gets ready for the next message.
    public func next() {
        isComplete = false
        lines.beginMessage(bytesMax: limits.lineBytesMax)
    }

    private func explain(_ status: llhttp_errno_t) -> HTTP1Failure {
        switch status {
        case HPE_INVALID_VERSION: .versionNotSupported
        case HPE_INVALID_TRANSFER_ENCODING: .transferEncodingNotSupported
        default: unsafe .malformed(llhttp_get_error_reason(parser).map { unsafe String(cString: $0) } ?? "")
        }
    }

    // MARK: What llhttp reports

    fileprivate func begin() -> CInt {
        fields = HeaderFields()
        fields.block.reserveCapacity(min(feeding, 1024))
        fields.places.reserveCapacity(8)
        trailers = HeaderFields()
        (targetLength, headerBytes, last) = (0, 0, .target)
        (isInMessage, inTrailers) = (true, false)
        return 0
    }

    fileprivate func span(_ kind: Span, _ raw: UnsafeRawBufferPointer) -> CInt {
        headerBytes += raw.count
        if kind == .target {
            targetLength += raw.count
            guard targetLength <= limits.targetMax else { return fail(.targetTooLong) }
            unsafe fields.block.append(contentsOf: raw)
            headerBytes = 0
            return 0
        }
        guard headerBytes <= limits.headerBytesMax else { return fail(.headersTooLarge) }
        let status = unsafe inTrailers ? add(kind, raw, to: &trailers) : add(kind, raw, to: &fields)
        last = kind
        return status
    }

    /// A value may be empty and so not reported at all: the name's end is what tells two names apart.
    fileprivate func nameComplete() -> CInt {
        last = .value
        append(": ")
        return 0
    }

    fileprivate func valueComplete() -> CInt {
        // White space around a value is no part of it; llhttp takes away only what stands before.
        if inTrailers { trailers.endLast() } else { fields.endLast() }
        return 0
    }

    private func append(_ text: StaticString) {
        if inTrailers { trailers.block.append(text) } else { fields.block.append(text) }
    }

    private func add(_ kind: Span, _ raw: UnsafeRawBufferPointer, to fields: inout HeaderFields) -> CInt {
        let start = fields.block.count
        unsafe fields.block.append(contentsOf: raw)
        if kind == .name {
            if last != .name {
                guard fields.places.count < limits.fieldsMax else { return fail(.tooManyFields) }
                fields.places.append(.init(start: UInt32(start), nameLength: 0, valueLength: 0))
            }
            for index in start..<fields.block.count {
                fields.block[index] = asciiLowercased(fields.block[index])
            }
            let length = Int(fields.places[fields.places.count - 1].nameLength) + raw.count
            guard let length = UInt16(exactly: length) else { return fail(.headersTooLarge) }
            fields.places[fields.places.count - 1].nameLength = length
        } else {
            fields.places[fields.places.count - 1].valueLength += UInt32(truncatingIfNeeded: raw.count)
        }
        return 0
    }

    /// Behind the last chunk come trailers, whose lines have to be looked at first.
    fileprivate func chunkHeader() -> CInt {
        guard unsafe parser.pointee.content_length == 0 else { return 0 }
        lines.beginTrailers()
        return CInt(HPE_PAUSED.rawValue)
    }

    fileprivate func chunkExtension(_ count: Int) -> CInt {
        headerBytes += count
        return headerBytes <= limits.headerBytesMax ? 0 : fail(.headersTooLarge)
    }

    fileprivate func headComplete() -> CInt {
        guard unsafe parser.pointee.http_major == 1, unsafe parser.pointee.http_minor <= 1 else {
            return fail(.versionNotSupported)
        }
        let minor = unsafe parser.pointee.http_minor
        let hosts = fields.count(of: "host")
        guard hosts == 1 || (minor == 0 && hosts == 0) else {
            return fail(.hostMissing)
        }
        let flags = unsafe CInt(parser.pointee.flags)
        let chunked = flags & CInt(F_CHUNKED.rawValue) != 0
        if let encoding = fields.bytes("transfer-encoding") {
            // A proxy that speaks HTTP/1.0 may not understand chunks, and would see another request than we do.
            guard minor == 1, chunked, encoding.equalsIgnoringCase("chunked"),
                fields.count(of: "transfer-encoding") == 1
            else { return fail(.transferEncodingNotSupported) }
        }
        let length = unsafe flags & CInt(F_CONTENT_LENGTH.rawValue) != 0 ? parser.pointee.content_length : 0
        let wantsUpgrade = unsafe parser.pointee.upgrade != 0
        // Whether to change protocols is the server's choice; until it does, this stays HTTP/1.
        unsafe parser.pointee.upgrade = 0
        fields.linesStart = targetLength
        head = unsafe HTTP1Head(
            method: Callbacks.methods[Int(parser.pointee.method)],
            target: Bytes(fields.block[..<targetLength]), fields: fields, minorVersion: minor,
            framing: chunked ? .chunked : length > 0 ? .length(length) : .none,
            keepAlive: llhttp_should_keep_alive(parser) == 1, wantsUpgrade: wantsUpgrade)
        fields = HeaderFields()
        inTrailers = true
        return 0
    }

    fileprivate func addBody(_ raw: UnsafeRawBufferPointer) -> CInt {
        unsafe body.append(contentsOf: raw)
        return 0
    }

    fileprivate func messageComplete() -> CInt {
        isComplete = true
        isInMessage = false
        return CInt(HPE_PAUSED.rawValue)
    }

    private func fail(_ failure: HTTP1Failure) -> CInt {
        self.failure = failure
        return -1
    }
}

// MARK: llhttp's callbacks

private enum Callbacks {
    // SAFETY: filled once, before it is shared, and never changed or freed.
    nonisolated(unsafe) static let settings: UnsafePointer<llhttp_settings_t> = {
        let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
        unsafe llhttp_settings_init(settings)
        unsafe settings.pointee.on_message_begin = { unsafe owner($0).begin() }
        unsafe settings.pointee.on_url = { unsafe owner($0).span(.target, bytes($1, $2)) }
        unsafe settings.pointee.on_header_field = { unsafe owner($0).span(.name, bytes($1, $2)) }
        unsafe settings.pointee.on_header_field_complete = { unsafe owner($0).nameComplete() }
        unsafe settings.pointee.on_header_value = { unsafe owner($0).span(.value, bytes($1, $2)) }
        unsafe settings.pointee.on_header_value_complete = { unsafe owner($0).valueComplete() }
        unsafe settings.pointee.on_chunk_header = { unsafe owner($0).chunkHeader() }
        unsafe settings.pointee.on_chunk_extension_name = { unsafe owner($0).chunkExtension($2) }
        unsafe settings.pointee.on_chunk_extension_value = { unsafe owner($0).chunkExtension($2) }
        unsafe settings.pointee.on_headers_complete = { unsafe owner($0).headComplete() }
        unsafe settings.pointee.on_body = { unsafe owner($0).addBody(bytes($1, $2)) }
        unsafe settings.pointee.on_message_complete = { unsafe owner($0).messageComplete() }
        return unsafe UnsafePointer(settings)
    }()

    /// The methods by llhttp's numbers.
    static let methods: [HTTPMethod] = (0...HTTP_FLUSH.rawValue).map { number in
        unsafe HTTPMethod(String(cString: llhttp_method_name(llhttp_method_t(rawValue: number))))
    }

    private static func owner(_ parser: UnsafeMutablePointer<llhttp_t>?) -> HTTP1Parser {
        unsafe Unmanaged<HTTP1Parser>.fromOpaque(parser.unsafelyUnwrapped.pointee.data).takeUnretainedValue()
    }

    private static func bytes(_ start: UnsafePointer<CChar>?, _ count: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: start, count: count)
    }
}
