internal import Base

/// Which end of a WebSocket one is.
public enum WebSocketRole: Sendable {
    case server, client
}

/// One end of a WebSocket (RFC 6455, and RFC 7692 without context takeover): bytes in, events and bytes out.
///
/// An idle machine holds no buffer and no zlib state.
public struct WebSocketMachine: ~Copyable, Sendable {
    /// Messages below this size are not worth compressing.
    static let compressionBytesMin = 128

    enum Phase {
        case open  // → closing, ended
        /// Our close frame is out, the peer's is not here.
        case closing  // → ended
        case ended
    }

    let role: WebSocketRole
    let isCompressed: Bool
    private let messageBytesMax: Int
    var phase = Phase.open

    private var reader = WebSocketHeadReader()
    private var frame: WebSocketFrameHead?
    private var control: [UInt8] = []
    private var message: [UInt8] = []
    /// What the message in progress is; nil between messages.
    private var kind: WebSocketOpcode?
    private var isMessageCompressed = false
    private var text = UTF8Check()

    /// A machine for a connection whose handshake is done.
    public init(role: WebSocketRole, isCompressed: Bool = false, messageBytesMax: Int = 1 << 20) {
        self.role = role
        self.isCompressed = isCompressed
        self.messageBytesMax = messageBytesMax
    }

    /// Whether messages may be sent: no close frame is out and none has come.
    public var isOpen: Bool { phase == .open }

    /// Whether the transport should be closed once the output is written.
    public var isEnded: Bool { phase == .ended }

    /// Reads on in `input` from `offset` until there is an event; nil when the input is used up.
    ///
    /// Call it until it gives nil. What the protocol has to answer (pongs, the close frame) is appended to `output`.
    /// After `closed` or `failed` it reads nothing more.
    public mutating func next(
        in input: RawSpan, at offset: inout Int, output: inout [UInt8]
    ) -> WebSocketEvent? {
        do throws(WebSocketFailure) {
            while phase != .ended {
                if frame == nil {
                    frame = try reader.read(input, at: &offset, role: role, allowsCompression: isCompressed)
                    guard let frame else { return nil }
                    try begin(frame)
                }
                guard try readPayload(input, at: &offset) else { return nil }
                if let event = try endFrame(&output) { return event }
            }
        } catch {
            sendClose(error.code, error.reason, onto: &output)
            end()
            return .failed(error)
        }
        offset = input.byteCount
        return nil
    }

    private mutating func begin(_ frame: WebSocketFrameHead) throws(WebSocketFailure) {
        guard !frame.opcode.isControl else { return }
        if frame.opcode == .continuation {
            guard kind != nil else { throw .rule("continuation of no message") }
        } else {
            guard kind == nil else { throw .rule("message within a message") }
            kind = frame.opcode
            isMessageCompressed = frame.isCompressed
            text = UTF8Check()
        }
        // Compressing may make a message longer by a few bytes in each 16 KB.
        let bytesMax = isMessageCompressed ? messageBytesMax + messageBytesMax / 1024 + 64 : messageBytesMax
        guard frame.missing <= bytesMax - message.count else {
            throw WebSocketFailure(code: .tooLarge, reason: "message over \(messageBytesMax) bytes")
        }
    }

    /// Takes what there is of the frame's payload; false when more must come.
    private mutating func readPayload(_ input: RawSpan, at offset: inout Int) throws(WebSocketFailure) -> Bool
    {
        guard var head = frame else { return false }
        let count = min(head.missing, input.byteCount - offset)
        let isText = !head.opcode.isControl && kind == .text && !isMessageCompressed
        if count > 0 {
            let start = message.count
            unsafe input.extracting(offset..<offset + count).withUnsafeBytes { bytes in
                if head.opcode.isControl {
                    unsafe WebSocketFrame.appendMasked(bytes, key: head.key, onto: &control)
                } else {
                    unsafe WebSocketFrame.appendMasked(bytes, key: head.key, onto: &message)
                }
            }
            offset += count
            head.missing -= count
            let turn = UInt32(count & 3) * 8
            head.key = head.key >> turn | head.key << ((32 - turn) & 31)
            frame = head
            if isText { try checkText(from: start) }
        }
        return head.missing == 0
    }

    private mutating func checkText(from start: Int) throws(WebSocketFailure) {
        let isValid = unsafe message.withUnsafeBytes {
            unsafe text.check(UnsafeRawBufferPointer(rebasing: $0[start...]))
        }
        guard isValid else { throw WebSocketFailure(code: .invalidData, reason: "text is not UTF-8") }
    }

    private mutating func endFrame(_ output: inout [UInt8]) throws(WebSocketFailure) -> WebSocketEvent? {
        guard let head = frame else { return nil }
        frame = nil
        if head.opcode.isControl {
            let payload = control
            control = []
            return try endControl(head.opcode, payload, &output)
        }
        guard head.isFinal, let kind else { return nil }
        if isMessageCompressed {
            message = try WebSocketCompression.inflate(message, bytesMax: messageBytesMax)
            if kind == .text { try checkText(from: 0) }
        }
        if kind == .text, !text.isComplete {
            throw WebSocketFailure(code: .invalidData, reason: "text ends within a character")
        }
        let payload = Bytes(message)
        message = []
        self.kind = nil
        return kind == .text ? .text(payload) : .binary(payload)
    }

    private mutating func endControl(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], _ output: inout [UInt8]
    ) throws(WebSocketFailure) -> WebSocketEvent? {
        guard opcode != .close else { return try endClose(payload, &output) }
        guard opcode == .ping else { return .pong(Bytes(payload)) }
        if phase == .open { append(.pong, Bytes(payload), onto: &output) }
        return .ping(Bytes(payload))
    }

    private mutating func endClose(
        _ payload: [UInt8], _ output: inout [UInt8]
    ) throws(WebSocketFailure) -> WebSocketEvent {
        var code: WebSocketCloseCode?
        var reason = ""
        if !payload.isEmpty {
            guard payload.count >= 2 else { throw .rule("close code cut short") }
            let told = WebSocketCloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
            guard told.isValid else { throw .rule("close code not valid") }
            guard let text = String(validating: payload[2...], as: UTF8.self) else {
                throw WebSocketFailure(code: .invalidData, reason: "close reason is not UTF-8")
            }
            (code, reason) = (told, text)
        }
        sendClose(code, "", onto: &output)
        end()
        return .closed(code, reason: reason)
    }

    private mutating func end() {
        phase = .ended
        (message, control, frame, kind) = ([], [], nil, nil)
    }
}
