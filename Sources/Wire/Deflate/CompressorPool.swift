internal import Synchronization

/// A few idle compressors and decompressors of raw streams, shared by all who compress message by message.
///
/// A connection that keeps no context between messages needs zlib's memory only while it works on one. At most
/// four of each kind are kept; what is made beyond that is freed after use.
enum CompressorPool {
    private static let deflaters = Mutex(Shelf<Deflater>())
    private static let inflaters = Mutex(Shelf<Inflater>())

    /// Lends a fresh compressor.
    static func withDeflater<R>(_ body: (inout Deflater) -> R) throws(CompressionError) -> R {
        var deflater: Deflater
        if let idle = deflaters.withLock({ $0.take() }) {
            deflater = idle
        } else {
            deflater = try Deflater(format: .raw)
        }
        let result = body(&deflater)
        deflater.reset()
        var back: Deflater? = consume deflater
        deflaters.withLock { $0.put(&back) }
        return result
    }

    /// Lends a fresh decompressor.
    static func withInflater<R>(
        _ body: (inout Inflater) throws(CompressionError) -> R
    ) throws(CompressionError) -> R {
        var inflater: Inflater
        if let idle = inflaters.withLock({ $0.take() }) {
            inflater = idle
        } else {
            inflater = try Inflater(format: .raw)
        }
        let result = try body(&inflater)
        inflater.reset()
        var back: Inflater? = consume inflater
        inflaters.withLock { $0.put(&back) }
        return result
    }
}

/// Up to four idle values.
private struct Shelf<Value: ~Copyable & Sendable>: ~Copyable, Sendable {
    private var places = InlineArray<4, Value?> { _ in nil }
    private var count = 0

    mutating func take() -> Value? {
        guard count > 0 else { return nil }
        count -= 1
        return places[count].take()
    }

    /// Takes the value unless it is full.
    mutating func put(_ value: inout Value?) {
        guard count < 4 else { return }
        places[count] = value.take()
        count += 1
    }
}
