public import Base

extension WebSocketMachine {
    /// Sends a text message, which must be UTF-8; false when the WebSocket is closing and nothing was sent.
    @discardableResult
    public func send(text: Bytes, onto output: inout [UInt8]) -> Bool {
        sendMessage(.text, text, onto: &output)
    }

    /// Sends a binary message; false when the WebSocket is closing and nothing was sent.
    @discardableResult
    public func send(binary: Bytes, onto output: inout [UInt8]) -> Bool {
        sendMessage(.binary, binary, onto: &output)
    }

    /// The frame of a shared message as this connection must send it, without a copy; nil when it is closing.
    ///
    /// For servers: a client must mask each frame for itself.
    public func frame(of message: PreparedMessage) -> Bytes? {
        precondition(role == .server, "a client's frames cannot be shared")
        guard isOpen else { return nil }
        return isCompressed ? message.compressedFrame : message.frame
    }

    /// Sends a ping with up to 125 bytes, which the peer sends back; false when the WebSocket is closing.
    @discardableResult
    public func ping(_ payload: Bytes = Bytes(), onto output: inout [UInt8]) -> Bool {
        precondition(payload.count <= 125, "a ping carries at most 125 bytes")
        guard isOpen else { return false }
        append(.ping, payload, onto: &output)
        return true
    }

    /// Begins the close handshake, once.
    ///
    /// Go on reading until `closed`, or give up after a while. The reason is cut to what a close frame holds.
    public mutating func close(
        _ code: WebSocketCloseCode = .normal, _ reason: String = "", onto output: inout [UInt8]
    ) {
        sendClose(code, reason, onto: &output)
    }

    mutating func sendClose(_ code: WebSocketCloseCode?, _ reason: String, onto output: inout [UInt8]) {
        guard phase == .open else { return }
        phase = .closing
        var payload: [UInt8] = []
        if let code {
            payload = [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)]
            for character in reason.unicodeScalars {
                let encoded = UTF8.encode(character) ?? UTF8.encodedReplacementCharacter
                guard payload.count + encoded.count <= 125 else { break }
                payload.append(contentsOf: encoded)
            }
        }
        append(.close, Bytes(payload), onto: &output)
    }

    func append(_ opcode: WebSocketOpcode, _ payload: Bytes, onto output: inout [UInt8]) {
        unsafe payload.withUnsafeBytes {
            unsafe WebSocketFrame.append(opcode, $0, key: maskKey(), onto: &output)
        }
    }

    private func sendMessage(_ opcode: WebSocketOpcode, _ payload: Bytes, onto output: inout [UInt8]) -> Bool
    {
        guard isOpen else { return false }
        guard isCompressed, payload.count >= Self.compressionBytesMin,
            let packed = unsafe payload.withUnsafeBytes({ unsafe WebSocketCompression.deflate($0) })
        else {
            append(opcode, payload, onto: &output)
            return true
        }
        unsafe packed.withUnsafeBytes {
            unsafe WebSocketFrame.append(opcode, isCompressed: true, $0, key: maskKey(), onto: &output)
        }
        return true
    }

    /// A key that nobody can foresee, as a client needs for each frame; zero is one like any other.
    private func maskKey() -> UInt32? {
        role == .client ? UInt32.random(in: .min ... .max) : nil
    }
}
