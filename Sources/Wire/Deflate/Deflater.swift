internal import CZlib

// SAFETY: holds the only reference to the stream and its state; `~Copyable` and `mutating` keep it to one user.
/// A compressor of one stream after another; about 260 KB while it lives.
///
/// What follows a `sync` may refer back to what came before it (context takeover) until `reset()`. To give the
/// memory back, let go of the value.
@safe public struct Deflater: ~Copyable, @unchecked Sendable {
    /// On the heap because zlib's state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// What has to be out when a call returns.
    public enum Flush: Sendable {
        /// Whatever zlib likes; the best compression.
        case none
        /// Everything, ending on a byte boundary with `00 00 FF FF`.
        case sync
        /// Everything and the end of the stream; `reset()` before the next.
        case finish

        fileprivate var code: Int32 {
            switch self {
            case .none: Z_NO_FLUSH
            case .sync: Z_SYNC_FLUSH
            case .finish: Z_FINISH
            }
        }
    }

    /// Makes a compressor; `level` 0 to 9, `windowBits` 9 to 15, `memoryLevel` 1 to 9.
    public init(
        format: CompressionFormat, level: Int = 6, windowBits: Int = 15, memoryLevel: Int = 8
    ) throws(CompressionError) {
        precondition(
            (0...9).contains(level) && (9...15).contains(windowBits) && (1...9).contains(memoryLevel))
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let bits = format.windowBits(windowBits)
        guard unsafe hg_deflate_init(stream, Int32(level), bits, Int32(memoryLevel)) == Z_OK else {
            unsafe stream.deallocate()
            throw .outOfMemory
        }
        unsafe self.stream = stream
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Compresses `input` onto the end of `output`.
    public mutating func deflate(_ input: RawSpan, onto output: inout [UInt8], flush: Flush) {
        unsafe input.withUnsafeBytes { source in
            var rest = unsafe source[...]
            repeat {
                // zlib counts in 32 bits.
                let part = unsafe UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
                unsafe rest = unsafe rest.dropFirst(part.count)
                unsafe run(part, onto: &output, flush: rest.isEmpty ? flush.code : Z_NO_FLUSH)
            } while unsafe !rest.isEmpty
        }
    }

    /// Forgets the stream and is ready for the next one.
    public mutating func reset() {
        unsafe deflateReset(stream)
    }

    private func run(_ input: UnsafeRawBufferPointer, onto output: inout [UInt8], flush: Int32) {
        unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = UInt32(input.count)
        // Text shrinks to less than half; what is wrong with the guess costs another round.
        var room = max(128, input.count / 2 + 64)
        repeat {
            output.append(addingCapacity: room) { span in
                unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                    let free = buffer.count - count
                    unsafe stream.pointee.next_out = buffer.baseAddress.map { unsafe $0 + count }
                    unsafe stream.pointee.avail_out = UInt32(free)
                    // Its only errors are misuse (Z_STREAM_ERROR) and "nothing to do" (Z_BUF_ERROR).
                    unsafe CZlib.deflate(stream, flush)
                    unsafe count += free - Int(stream.pointee.avail_out)
                }
            }
            room *= 2
        } while unsafe stream.pointee.avail_out == 0
        unsafe stream.pointee.next_in = nil
    }
}
