/// The head of the frame that is being read.
struct WebSocketFrameHead: Sendable {
    let opcode: WebSocketOpcode
    let isFinal: Bool
    let isCompressed: Bool
    /// The mask, turned so that its lowest byte is for the next byte of the payload; 0 when not masked.
    var key: UInt32
    /// Bytes of the payload that are still to come.
    var missing: Int
}

/// Gathers the 2 to 14 bytes of a frame's head, however they arrive.
struct WebSocketHeadReader: Sendable {
    private var bytes = InlineArray<14, UInt8>(repeating: 0)
    private var count: UInt8 = 0
    private var needed: UInt8 = 2

    /// Reads on; nil when there is no whole head yet.
    mutating func read(
        _ input: RawSpan, at offset: inout Int, role: WebSocketRole, allowsCompression: Bool
    ) throws(WebSocketFailure) -> WebSocketFrameHead? {
        while true {
            while count < needed {
                guard offset < input.byteCount else { return nil }
                bytes[Int(count)] = unsafe input.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                offset += 1
                count += 1
            }
            guard count == 2, needed == 2 else { break }
            try check(role, allowsCompression)
            let length: UInt8 = bytes[1] & 0x7F
            needed += (length == 126 ? 2 : length == 127 ? 8 : 0) + (role == .server ? 4 : 0)
            if needed == 2 { break }
        }
        defer { (count, needed) = (0, 2) }
        return try head(role)
    }

    /// Refuses what the first two bytes already show to be wrong.
    private func check(_ role: WebSocketRole, _ allowsCompression: Bool) throws(WebSocketFailure) {
        let (first, second) = (bytes[0], bytes[1])
        guard first & 0x30 == 0 else { throw .rule("reserved bit set") }
        guard let opcode = WebSocketOpcode(rawValue: first & 0x0F) else { throw .rule("unknown opcode") }
        if first & 0x40 != 0 {
            guard allowsCompression, opcode == .text || opcode == .binary else {
                throw .rule("reserved bit set")
            }
        }
        guard (second & 0x80 != 0) == (role == .server) else {
            throw .rule(role == .server ? "frame not masked" : "frame masked")
        }
        guard opcode.isControl else { return }
        guard first & 0x80 != 0 else { throw .rule("control frame fragmented") }
        guard second & 0x7F <= 125 else { throw .rule("control frame over 125 bytes") }
    }

    private func head(_ role: WebSocketRole) throws(WebSocketFailure) -> WebSocketFrameHead {
        let short = bytes[1] & 0x7F
        let lengthBytes = short == 126 ? 2 : short == 127 ? 8 : 0
        var length = lengthBytes == 0 ? UInt64(short) : 0
        for index in 2..<2 + lengthBytes { length = length << 8 | UInt64(bytes[index]) }
        guard lengthBytes == 0 || length > (lengthBytes == 2 ? 125 : 0xFFFF) else {
            throw .rule("length not in its shortest form")
        }
        // No limit is that large; what matters is that it becomes an Int without a trap.
        guard length <= UInt64(Int.max) else { throw .rule("length over 63 bits") }
        var key: UInt32 = 0
        if role == .server {
            for index in 0..<4 { key |= UInt32(bytes[2 + lengthBytes + index]) << UInt32(index * 8) }
        }
        guard let opcode = WebSocketOpcode(rawValue: bytes[0] & 0x0F) else { throw .rule("unknown opcode") }
        return WebSocketFrameHead(
            opcode: opcode, isFinal: bytes[0] & 0x80 != 0, isCompressed: bytes[0] & 0x40 != 0, key: key,
            missing: Int(length))
    }
}

extension WebSocketFailure {
    static func rule(_ reason: String) -> Self { Self(code: .protocolError, reason: reason) }
}
