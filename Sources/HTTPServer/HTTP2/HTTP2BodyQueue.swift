import Base
import Wire

/// The part of an answer's body that is not sent yet.
struct HTTP2BodyQueue {
    private var chunks: [Bytes] = []
    private var first = 0
    private var firstStart = 0
    private(set) var count = 0
    /// Whether nothing will be appended any more.
    private(set) var isComplete = false
    /// What follows the body.
    private(set) var trailers = HeaderFields()

    mutating func append(_ bytes: Bytes) {
        guard !bytes.isEmpty, !isComplete else { return }
        chunks.append(bytes)
        count += bytes.count
    }

    mutating func finish(_ trailers: HeaderFields) {
        guard !isComplete else { return }
        isComplete = true
        self.trailers = trailers
    }

    /// Moves so many bytes, which must be there, to the end of an array.
    mutating func move(_ count: Int, to output: inout [UInt8]) {
        var left = count
        while left > 0 {
            let chunk = chunks[first]
            let part = min(left, chunk.count - firstStart)
            unsafe chunk.withUnsafeBytes { bytes in
                unsafe output.append(
                    contentsOf: UnsafeRawBufferPointer(rebasing: bytes[firstStart..<firstStart + part]))
            }
            left -= part
            firstStart += part
            if firstStart == chunk.count { dropFirst() }
        }
        self.count -= count
    }

    private mutating func dropFirst() {
        chunks[first] = Bytes()
        (first, firstStart) = (first + 1, 0)
        if first == chunks.count {
            chunks.removeAll(keepingCapacity: chunks.capacity <= 16)
            first = 0
        } else if first >= 64 {
            chunks.removeFirst(first)
            first = 0
        }
    }
}
