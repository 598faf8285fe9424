/// What a frame is (RFC 6455, 5.2).
enum WebSocketOpcode: UInt8, Sendable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    var isControl: Bool { rawValue >= 8 }
}

/// The making of frames.
enum WebSocketFrame {
    /// Appends a whole frame; `key` masks it as a client must.
    static func append(
        _ opcode: WebSocketOpcode, isFinal: Bool = true, isCompressed: Bool = false,
        _ payload: UnsafeRawBufferPointer, key: UInt32?, onto output: inout [UInt8]
    ) {
        let isMasked: UInt8 = key == nil ? 0 : 0x80
        output.append((isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0) | opcode.rawValue)
        let count = payload.count
        if count < 126 {
            output.append(isMasked | UInt8(count))
        } else if count <= 0xFFFF {
            output.append(isMasked | 126)
            appendBigEndian(UInt64(count), bytes: 2, onto: &output)
        } else {
            output.append(isMasked | 127)
            appendBigEndian(UInt64(count), bytes: 8, onto: &output)
        }
        guard let key else { return unsafe output.append(contentsOf: payload) }
        appendBigEndian(UInt64(key.byteSwapped), bytes: 4, onto: &output)
        unsafe appendMasked(payload, key: key, onto: &output)
    }

    /// Appends `payload` XORed with `key`, whose lowest byte is for the first byte.
    static func appendMasked(_ payload: UnsafeRawBufferPointer, key: UInt32, onto output: inout [UInt8]) {
        guard key != 0 else { return unsafe output.append(contentsOf: payload) }
        output.append(addingCapacity: payload.count) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                let target = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                let wide = UInt64(key) | UInt64(key) << 32
                var index = 0
                while index + 8 <= payload.count {
                    let word = unsafe payload.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    unsafe target.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
                    index += 8
                }
                while index < payload.count {
                    unsafe target[index] =
                        payload[index] ^ UInt8(truncatingIfNeeded: wide >> UInt64((index & 7) * 8))
                    index += 1
                }
                count += payload.count
            }
        }
    }

    private static func appendBigEndian(_ value: UInt64, bytes: Int, onto output: inout [UInt8]) {
        for shift in stride(from: (bytes - 1) * 8, through: 0, by: -8) {
            output.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }
}
