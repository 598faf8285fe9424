public import Base
internal import Synchronization

/// A message that is encoded once, and compressed once if anybody wants it so, for any number of connections.
public final class PreparedMessage: Sendable {
    private enum Compressed {
        case notTried
        case useless
        case frame(Bytes)
    }

    /// The whole frame as a server sends it, not compressed.
    public let frame: Bytes
    let opcode: WebSocketOpcode
    private let headBytes: Int
    private let compressed = Mutex(Compressed.notTried)

    /// A text message; the bytes must be UTF-8.
    public convenience init(text: Bytes) { self.init(.text, text) }

    /// A binary message.
    public convenience init(binary: Bytes) { self.init(.binary, binary) }

    private init(_ opcode: WebSocketOpcode, _ payload: Bytes) {
        var output: [UInt8] = []
        output.reserveCapacity(payload.count + 10)
        unsafe payload.withUnsafeBytes {
            unsafe WebSocketFrame.append(opcode, $0, key: nil, onto: &output)
        }
        self.opcode = opcode
        headBytes = output.count - payload.count
        frame = Bytes(output)
    }

    /// The message without its frame.
    public var payload: Bytes { frame.part(headBytes, frame.count - headBytes) }

    /// The whole frame for connections that agreed on compression; the plain one where compressing gains nothing.
    public var compressedFrame: Bytes {
        compressed.withLock { state in
            switch state {
            case .frame(let frame): return frame
            case .useless: return frame
            case .notTried: break
            }
            guard payload.count >= WebSocketMachine.compressionBytesMin,
                let packed = unsafe payload.withUnsafeBytes({ unsafe WebSocketCompression.deflate($0) })
            else {
                state = .useless
                return frame
            }
            var output: [UInt8] = []
            output.reserveCapacity(packed.count + 10)
            unsafe packed.withUnsafeBytes {
                unsafe WebSocketFrame.append(opcode, isCompressed: true, $0, key: nil, onto: &output)
            }
            state = .frame(Bytes(output))
            return Bytes(output)
        }
    }
}
