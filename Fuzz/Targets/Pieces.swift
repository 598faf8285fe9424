import Base

/// The first byte of an input says in what pieces the rest arrives: at once, byte by byte, or in between.
func pieces(_ bytes: Bytes) -> (rest: Bytes, size: Int) {
    guard let first = bytes.first else { return (bytes, 1) }
    return (bytes.part(1, bytes.count - 1), max(1, Int(first & 31)))
}

/// Cuts bytes into pieces of that size, the last being what is left.
func cut(_ bytes: Bytes, into size: Int) -> [Bytes] {
    stride(from: 0, to: bytes.count, by: size).map { bytes.part($0, min(size, bytes.count - $0)) }
}
