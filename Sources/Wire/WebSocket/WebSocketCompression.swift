internal import Base

/// permessage-deflate (RFC 7692) without context takeover, in both directions.
///
/// Each message stands alone: an idle connection holds no zlib state, and one compressed frame can go to any
/// number of connections.
enum WebSocketCompression {
    private static let tail: [UInt8] = [0, 0, 0xFF, 0xFF]

    /// The compressed payload, or nil when it would not be smaller.
    static func deflate(_ payload: UnsafeRawBufferPointer) -> [UInt8]? {
        var output: [UInt8] = []
        // Without memory for a compressor the message goes as it is, which is always allowed.
        let isDone: Void? = try? CompressorPool.withDeflater { deflater in
            unsafe deflater.deflate(payload.bytes, onto: &output, flush: .sync)
        }
        guard isDone != nil, output.suffix(4) == tail[...] else { return nil }
        output.removeLast(4)
        return output.count < payload.count ? output : nil
    }

    /// The message behind a compressed payload, `bytesMax` bytes at most.
    static func inflate(_ payload: consuming [UInt8], bytesMax: Int) throws(WebSocketFailure) -> [UInt8] {
        var input = payload
        input.append(contentsOf: tail)
        var output: [UInt8] = []
        do throws(CompressionError) {
            try CompressorPool.withInflater { (inflater) throws(CompressionError) in
                var offset = 0
                while offset < input.count {
                    // A peer may end its deflate stream within the message; what follows is a new one.
                    inflater.reset()
                    let rest = unsafe input.span.bytes.extracting(offset...)
                    offset += try inflater.inflate(rest, onto: &output, bytesMax: bytesMax - output.count)
                }
            }
        } catch {
            switch error {
            case .tooLarge: throw WebSocketFailure(code: .tooLarge, reason: "message over \(bytesMax) bytes")
            case .outOfMemory: throw WebSocketFailure(code: .internalError, reason: "out of memory")
            case .corrupt, .truncated:
                throw WebSocketFailure(code: .invalidData, reason: "not a deflate stream")
            }
        }
        return output
    }
}
