/// Why bytes could not be compressed or given back.
public enum CompressionError: Error, Equatable, Sendable {
    /// The input is not what its format promises; the text is zlib's.
    case corrupt(String)
    /// The output would be larger than this many bytes.
    case tooLarge(bytesMax: Int)
    /// The input ends before its stream does.
    case truncated
    /// zlib got no memory.
    case outOfMemory
}

/// What is wrapped around a deflate stream.
public enum CompressionFormat: Sendable {
    case gzip, zlib, raw

    /// How zlib spells this format in its `windowBits`.
    func windowBits(_ bits: Int) -> Int32 {
        switch self {
        case .gzip: Int32(bits + 16)
        case .zlib: Int32(bits)
        case .raw: Int32(-bits)
        }
    }
}
