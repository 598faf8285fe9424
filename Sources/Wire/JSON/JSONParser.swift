public import Base

/// A parser that is used again and again by one owner, so that parsing asks for no memory.
///
/// Keep one per event loop or connection. Its memory serves the next document as soon as nobody holds the last
/// one; a document that is still held keeps its memory, and the parser takes new. Documents longer than
/// `retainedBytesMax` take their memory with them.
public final class JSONParser {
    /// What an input may be at most.
    public let limits: JSONLimits
    /// The longest input whose memory (about 15 bytes for each byte) the parser keeps for the next one.
    public let retainedBytesMax: Int
    private var tape: JSONTape?

    /// A parser; it takes memory with the first document.
    public init(limits: JSONLimits = JSONLimits(), retainedBytesMax: Int = 128 << 10) {
        self.limits = limits
        self.retainedBytesMax = retainedBytesMax
    }

    /// Parses one JSON text (RFC 8259), whole and strictly.
    public func parse(_ bytes: Bytes) throws(JSONError) -> JSONDocument {
        guard bytes.count <= limits.bytesMax else {
            throw JSONError(.tooLarge, "longer than \(limits.bytesMax) bytes")
        }
        guard let tape = usableTape() else { throw JSONError(.outOfMemory, "no memory for the document") }
        let refused = unsafe bytes.withUnsafeBytes { unsafe tape.parse($0) }
        self.tape = tape.capacity <= retainedBytesMax ? tape : nil
        guard let refused else { return JSONDocument(tape) }
        switch refused {
        case .outOfMemory: throw JSONError(.outOfMemory, "no memory for the document")
        case .tooLarge: throw JSONError(.tooLarge, "longer than a parser takes")
        default: throw JSONDiagnosis.explain(bytes, refused: refused, depthMax: limits.depthMax)
        }
    }

    private func usableTape() -> JSONTape? {
        guard tape != nil, isKnownUniquelyReferenced(&tape) else {
            return JSONTape(depthMax: limits.depthMax)
        }
        return tape
    }
}
