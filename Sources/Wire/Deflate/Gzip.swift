public import Base

/// Compresses the whole of `bytes` as one gzip member.
public func gzip(_ bytes: Bytes, level: Int = 6) throws(CompressionError) -> Bytes {
    var deflater = try Deflater(format: .gzip, level: level)
    var output: [UInt8] = []
    unsafe bytes.withUnsafeBytes { unsafe deflater.deflate($0.bytes, onto: &output, flush: .finish) }
    return Bytes(output)
}

/// Gives back what was compressed as one gzip member or several, at most `bytesMax` bytes.
public func gunzip(_ bytes: Bytes, bytesMax: Int) throws(CompressionError) -> Bytes {
    var inflater = try Inflater(format: .gzip)
    var output: [UInt8] = []
    var rest = bytes
    repeat {
        inflater.reset()
        let read = try unsafe rest.withUnsafeBytes { (memory) throws(CompressionError) in
            try unsafe inflater.inflate(memory.bytes, onto: &output, bytesMax: bytesMax - output.count)
        }
        guard inflater.isFinished else { throw .truncated }
        rest = rest.part(read, rest.count - read)
    } while !rest.isEmpty
    return Bytes(output)
}
