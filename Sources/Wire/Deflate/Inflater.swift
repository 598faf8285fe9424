internal import CZlib

// SAFETY: holds the only reference to the stream and its state; `~Copyable` and `mutating` keep it to one user.
/// A decompressor of one stream after another; up to 45 KB while it lives.
@safe public struct Inflater: ~Copyable, @unchecked Sendable {
    /// On the heap because zlib's state points back at it.
    private let stream: UnsafeMutablePointer<z_stream>

    /// Whether the end of the stream was seen; `reset()` before the next.
    public private(set) var isFinished = false

    /// Makes a decompressor that understands every window size of its format.
    public init(format: CompressionFormat) throws(CompressionError) {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        guard unsafe hg_inflate_init(stream, format.windowBits(15)) == Z_OK else {
            unsafe stream.deallocate()
            throw .outOfMemory
        }
        unsafe self.stream = stream
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Decompresses `input` onto the end of `output`, at most `bytesMax` more bytes, and says how much it read.
    ///
    /// It reads all of the input unless the stream ends within it. After an error only `reset()` makes sense.
    public mutating func inflate(
        _ input: RawSpan, onto output: inout [UInt8], bytesMax: Int
    ) throws(CompressionError) -> Int {
        guard !isFinished else { return 0 }
        var read = 0
        var made = 0
        while read < input.byteCount && !isFinished {
            // zlib counts in 32 bits.
            let part = input.extracting(read..<min(input.byteCount, read + 1 << 30))
            let before = output.count
            read += try run(part, onto: &output, bytesMax: bytesMax - made)
            made += output.count - before
        }
        return read
    }

    /// Forgets the stream and is ready for the next one.
    public mutating func reset() {
        unsafe inflateReset(stream)
        isFinished = false
    }

    private mutating func run(
        _ input: RawSpan, onto output: inout [UInt8], bytesMax: Int
    ) throws(CompressionError) -> Int {
        var status = Z_OK
        let start = output.count
        unsafe input.withUnsafeBytes { source in
            unsafe stream.pointee.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_in = UInt32(source.count)
            var room = max(256, source.count * 3)
            repeat {
                // One byte more than allowed, so that "exactly the limit" and "over it" are told apart.
                let allowed = bytesMax - (output.count - start) + 1
                status = fill(&output, room: min(room, allowed))
                room = min(room * 2, 1 << 26)
            } while unsafe status == Z_OK && stream.pointee.avail_out == 0 && output.count - start <= bytesMax
            unsafe stream.pointee.next_in = nil
        }
        guard output.count - start <= bytesMax else { throw .tooLarge(bytesMax: bytesMax) }
        switch status {
        case Z_OK, Z_BUF_ERROR: break  // Z_BUF_ERROR: it wants more input
        case Z_STREAM_END: isFinished = true
        case Z_MEM_ERROR: throw .outOfMemory
        case Z_NEED_DICT: throw .corrupt("needs a dictionary")
        default:
            throw .corrupt(unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "not a stream")
        }
        return unsafe input.byteCount - Int(stream.pointee.avail_in)
    }

    private func fill(_ output: inout [UInt8], room: Int) -> Int32 {
        var status = Z_OK
        output.append(addingCapacity: room) { span in
            unsafe span.withUnsafeMutableBufferPointer { buffer, count in
                let free = min(room, buffer.count - count)
                unsafe stream.pointee.next_out = buffer.baseAddress.map { unsafe $0 + count }
                unsafe stream.pointee.avail_out = UInt32(free)
                status = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
                unsafe count += free - Int(stream.pointee.avail_out)
            }
        }
        return status
    }
}
