import Base
import CNGHTTP2
import Wire

/// Fields on their way to nghttp2: their bytes in one block, for nghttp2 copies what it is given.
struct HTTP2FieldBlock {
    private var block: [UInt8] = []
    private var places: [(start: Int, name: Int, value: Int)] = []

    init() {
        block.reserveCapacity(256)
        places.reserveCapacity(12)
    }

    mutating func append(_ name: Bytes, _ value: Bytes) {
        places.append((block.count, name.count, value.count))
        // Not `append(contentsOf: name)`, which goes byte by byte.
        unsafe name.withUnsafeBytes { unsafe block.append(contentsOf: $0) }
        unsafe value.withUnsafeBytes { unsafe block.append(contentsOf: $0) }
    }

    /// Appends the pseudo-field of an answer.
    mutating func append(status: Int) {
        places.append((block.count, 7, 3))
        block.append(contentsOf: ":status".utf8)
        for digit in [status / 100, status / 10, status] {
            block.append(UInt8(ascii: "0") + UInt8(digit % 10))
        }
    }

    /// Appends all but what HTTP/2 has no place for: fields about the connection (RFC 9113, section 8.2.2).
    mutating func append(_ fields: HeaderFields) {
        for (name, value) in fields where !Self.isAboutConnection(name) { append(name, value) }
    }

    /// Lends the fields as nghttp2 wants them.
    func withVectors<R>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> R) -> R {
        unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: places.count) { vectors in
            unsafe block.withUnsafeBufferPointer { bytes in
                guard let base = unsafe UnsafeMutablePointer(mutating: bytes.baseAddress) else {
                    return body(nil, 0)
                }
                for (index, place) in places.enumerated() {
                    unsafe vectors.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: base + place.start, value: base + place.start + place.name,
                            namelen: place.name, valuelen: place.value, flags: 0))
                }
                return unsafe body(UnsafePointer(vectors.baseAddress), places.count)
            }
        }
    }

    private static func isAboutConnection(_ name: Bytes) -> Bool {
        switch name.count {
        case 7: name.equalsIgnoringCase("upgrade")
        case 10: name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive")
        case 16: name.equalsIgnoringCase("proxy-connection")
        case 17: name.equalsIgnoringCase("transfer-encoding")
        default: false
        }
    }
}
